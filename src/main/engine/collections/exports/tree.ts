/** Files of an export while it is written: each with its digest, none twice, those of an earlier attempt kept. */
import { closeSync, futimesSync, openSync, readFileSync, rmSync, writeFileSync, type Stats } from 'node:fs';
import {
  constants,
  copyFile,
  link,
  lstat,
  mkdir,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CollectionPlacement } from '../../../../shared/exports/collections/index.ts';
import { CovisError, unreadable } from '../../../../shared/errors.ts';
import { diskError, isFull } from '../../formats/disk.ts';
import { refuseNotRegular, withRegular } from '../../formats/regular.ts';
import { digestFile, sha256Of, type FileDigest } from './digests.ts';
import type { Making } from './making.ts';
import { caseless, unsafePath } from './safe-paths.ts';

/** What a photo became where links were asked for and the system does not make them. */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EXDEV',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EMLINK',
  'ENOSYS',
  'EINVAL',
]);

/** Files up to so many bytes are copied at one go: of these, handing each step to another thread takes longer than the step. */
const SMALL = 1 << 18;

/** A new file with a mode and times. What lies there goes, also a link. */
function writeNew(file: string, bytes: Uint8Array, { mode, atime, mtime }: Stats): void {
  const create = (): number => openSync(file, 'wx', mode & 0o777);
  let fd: number;
  try {
    fd = create();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    rmSync(file);
    fd = create();
  }
  try {
    writeFileSync(fd, bytes);
    futimesSync(fd, atime, mtime);
  } finally {
    closeSync(fd);
  }
}

/** Copies a small file; undefined for a larger one. */
function copiedAtOnce(source: string, file: string): FileDigest | undefined {
  return withRegular(source, ({ fd, stats }) => {
    if (stats.size > SMALL) return undefined;
    let bytes: Buffer;
    try {
      bytes = readFileSync(fd);
    } catch (cause) {
      throw unreadable(cause, source);
    }
    try {
      writeNew(file, bytes, stats);
    } catch (cause) {
      throw diskError(cause, isFull(cause) ? file : source, bytes.length);
    }
    return { sha256: sha256Of(bytes), bytes: bytes.length };
  });
}

export class ExportTree {
  readonly #making: Making;
  readonly #prefix: string;
  readonly #files = new Map<string, FileDigest>();
  readonly #caseless = new Set<string>();
  readonly #folders = new Map<string, Promise<unknown>>();
  /** Photos that were copied because no link to them could be made. */
  copiedInstead = 0;

  /** @param prefix what stands before each path: `data/` in a bag. */
  constructor(making: Making, prefix: '' | 'data/') {
    this.#making = making;
    this.#prefix = prefix;
  }

  /** Every file by its path from the root, with forward slashes. */
  get files(): ReadonlyMap<string, FileDigest> {
    return this.#files;
  }

  /** Where the file of a path lies while it is made. */
  at(path: string): string {
    return join(this.#making.path, this.#prefix + path);
  }

  /** Digest of a file that is there. */
  digest(path: string): FileDigest | undefined {
    return this.#files.get(this.#prefix + path);
  }

  /** Makes the folder of a file, and says where the file goes. */
  async room(path: string, root = false): Promise<string> {
    const full = root ? path : this.#prefix + path;
    const why = unsafePath(full);
    if (why !== undefined) throw new CovisError('INTERNAL', `An export would write ${full}: ${why}`);
    const file = join(this.#making.path, full);
    const folder = dirname(file);
    let made = this.#folders.get(folder);
    if (made === undefined) this.#folders.set(folder, (made = mkdir(folder, { recursive: true })));
    try {
      await made;
    } catch (cause) {
      throw diskError(cause);
    }
    return file;
  }

  #add(full: string, file: FileDigest, note: boolean): void {
    const key = caseless(full);
    if (this.#caseless.has(key))
      throw new CovisError('INPUT_INVALID', `Two files of this export would be ${full}`, {
        hint: 'Give the photo of that name another path in the collection.',
      });
    this.#caseless.add(key);
    this.#files.set(full, file);
    if (note) this.#making.note(full, file);
  }

  /** Writes a small file. @param root beside the payload of a bag, not in it. */
  async write(path: string, content: string | Uint8Array, root = false): Promise<FileDigest> {
    const file = await this.room(path, root);
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    try {
      // What lies there may be a link to a photo.
      await rm(file, { force: true });
      await writeFile(file, bytes, { flush: true });
    } catch (cause) {
      throw diskError(cause, file, bytes.length);
    }
    const digest = { sha256: sha256Of(bytes), bytes: bytes.length };
    this.#add(root ? path : this.#prefix + path, digest, false);
    return digest;
  }

  /** As {@link write}, of what may be kept of an earlier attempt: thumbnails, photos that were made. */
  async writeOnce(path: string, make: () => Promise<Uint8Array>, expected?: string): Promise<FileDigest> {
    const kept = await this.kept(path, expected);
    if (kept !== undefined) return kept;
    const bytes = await make();
    const file = await this.room(path);
    try {
      await rm(file, { force: true });
      await writeFile(file, bytes);
    } catch (cause) {
      throw diskError(cause, file, bytes.length);
    }
    const digest = { sha256: sha256Of(bytes), bytes: bytes.length };
    this.#add(this.#prefix + path, digest, true);
    return digest;
  }

  /** Takes in a file that was written to {@link room}. @param known its digest, where that was computed of what was written. */
  async adopt(path: string, known?: FileDigest): Promise<FileDigest> {
    const digest = known ?? (await digestFile(this.at(path)));
    this.#add(this.#prefix + path, digest, true);
    return digest;
  }

  /** A file that an earlier attempt finished and that is still what it was; it is one of the export's by that. */
  async kept(path: string, expected?: string): Promise<FileDigest | undefined> {
    const full = this.#prefix + path;
    const noted = this.#making.finished.get(full);
    if (noted === undefined || noted.sha256 !== (expected ?? noted.sha256)) return undefined;
    const file = join(this.#making.path, full);
    try {
      const there = await lstat(file);
      if (!there.isFile() || there.size !== noted.bytes) return undefined;
      const found = await digestFile(file);
      if (found.sha256 !== noted.sha256) return undefined;
      this.#add(full, found, false);
      return found;
    } catch {
      // Not there or not readable: it is made again.
      return undefined;
    }
  }

  /**
   * Puts a file of elsewhere there.
   * @param expected what it is to hold. @throws CovisError `INPUT_MISSING` where it holds something else by now.
   */
  async place(
    path: string,
    source: string,
    how: Exclude<CollectionPlacement, 'none'>,
    expected: FileDigest,
  ): Promise<void> {
    if (how === 'copy' && (await this.kept(path, expected.sha256)) !== undefined) return;
    const file = await this.room(path);
    if (how !== 'copy') refuseNotRegular(source);
    const found =
      how === 'copy' || !(await this.#linked(source, file, how))
        ? (copiedAtOnce(source, file) ?? (await this.#copied(source, file)))
        : await digestFile(source);
    if (found.sha256 !== expected.sha256) {
      await rm(file, { force: true });
      throw new CovisError('INPUT_MISSING', 'The file of this photo now holds something else', {
        file: source,
        hint: 'Put the photo back, or import its folder again, make a new version of the collection and export that.',
      });
    }
    this.#add(this.#prefix + path, found, how === 'copy');
  }

  async #copied(source: string, file: string): Promise<FileDigest> {
    let wanted: number | undefined;
    try {
      const { size, atime, mtime } = await stat(source);
      wanted = size;
      await rm(file, { force: true });
      await copyFile(source, file, constants.COPYFILE_FICLONE);
      await utimes(file, atime, mtime);
    } catch (cause) {
      throw diskError(cause, isFull(cause) ? file : source, wanted);
    }
    // What was written is read back, so that what is noted is what lies there.
    return digestFile(file);
  }

  async #linked(source: string, file: string, how: 'hard-link' | 'link'): Promise<boolean> {
    try {
      const there = await lstat(file).catch(() => undefined);
      if (there?.isSymbolicLink() === true && how === 'link' && (await readlink(file)) === source) return true;
      await rm(file, { force: true });
      await (how === 'link' ? symlink(source, file) : link(source, file));
      return true;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === undefined || !NO_LINKS.has(code)) throw diskError(cause, file);
      this.copiedInstead += 1;
      return false;
    }
  }
}
