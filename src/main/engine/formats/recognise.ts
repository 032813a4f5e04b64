import { readSync } from 'node:fs';
import { basename } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { withRegular } from './regular.ts';

/** What a kind of file is known by. A list of them is in the order of recognition. */
export interface FileKind {
  /** Short name, unique in its list. */
  readonly format: string;
  /** For people: the program and the file, as in "NVM of VisualSFM". */
  readonly title: string;
  /** Matches the file's own name, without folders. */
  readonly named: RegExp;
  /** Whether a file that begins with these bytes is one; left out where the format has no sign of its own. */
  readonly begins?: (head: Buffer) => boolean;
}

const HEAD_BYTES = 4096;
const LFS_POINTER = 'version https://git-lfs.github.com/spec/';

/**
 * The first 4 KiB of a regular file, or all of it.
 * @throws CovisError `INPUT_MISSING`, `INPUT_INVALID` for a folder, a device or a pipe and for what may not be read.
 */
export function headOf(file: string): Buffer {
  return withRegular(file, ({ fd }) => {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.subarray(0, readSync(fd, head, 0, head.length, 0));
  });
}

/** True for how a pointer begins that Git LFS left in place of a file. */
export function isStandIn(head: Buffer): boolean {
  return head.toString('latin1', 0, LFS_POINTER.length) === LFS_POINTER;
}

/** @throws CovisError as {@link headOf}, and `INPUT_UNSUPPORTED` for a pointer that Git LFS left in place of the file. */
export function refuseStandIn(file: string): Buffer {
  const head = headOf(file);
  if (isStandIn(head))
    throw new CovisError('INPUT_UNSUPPORTED', 'This is a Git LFS pointer, not the file itself', {
      file,
      hint: 'Run git lfs pull in its repository.',
    });
  return head;
}

/** The kind whose sign these bytes bear, else the first that the name fits; undefined where there is neither. */
export function kindOf<K extends FileKind>(kinds: readonly K[], head: Buffer, name: string): K | undefined {
  return kinds.find((k) => k.begins?.(head) === true) ?? kinds.find((k) => k.named.test(name));
}

/**
 * Recognises a regular file by what it begins with, and by its name where that says nothing.
 * @throws CovisError `INPUT_UNSUPPORTED` for a pointer that Git LFS left in place of the file, `INPUT_MISSING`.
 */
export function recognise<K extends FileKind>(kinds: readonly K[], file: string): K | undefined {
  return kindOf(kinds, refuseStandIn(file), basename(file));
}

/** Titles as a sentence has them: "a, b and c". */
export function titles(kinds: readonly Pick<FileKind, 'title'>[]): string {
  const all = kinds.map((k) => k.title);
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}
