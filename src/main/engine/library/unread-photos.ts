import { statSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import { headOf, isStandIn } from '../formats/recognise.ts';
import { decode } from './pixels.ts';

/** Pixels of the long side: enough to read all of a file. */
const GLANCE = 64;

/** One of a kind, and several. */
type Words = readonly [one: string, more: string];

const POINTER: Words = ['Git LFS pointer', 'Git LFS pointers'];
const EMPTY: Words = ['empty file', 'empty files'];
const DAMAGED: Words = ['damaged file', 'damaged files'];
const UNSUPPORTED: Words = [
  'photo of a size or of values that are not decoded',
  'photos of a size or of values that are not decoded',
];
const CLOSED: Words = ['file that may not be read', 'files that may not be read'];

/** Photos that could not be read, for the one sentence where none could. */
export class UnreadPhotos {
  readonly #kinds = new Map<Words, number>();
  #first: string | undefined;

  /** Notes why a photo could not be read. */
  add(file: string, error: unknown): void {
    const kind = kindOf(file, error);
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    // Files are read side by side, and the same one is to be named each time.
    if (this.#first === undefined || file < this.#first) this.#first = file;
  }

  /**
   * @param folders in which photos were looked for. @param read paths of photos that could be read so far as to know their size, which are
   * tried in order: one that can be decoded is enough.
   * @throws CovisError `INPUT_CORRUPT` that counts what the files are, where none of them is a photo. Nothing where there are no files.
   */
  async refuseAll(folders: readonly string[], read: readonly string[]): Promise<void> {
    for (const file of read) {
      try {
        await decode(file, GLANCE);
        return;
      } catch (error) {
        this.add(file, error);
      }
    }
    if (this.#first === undefined) return;
    const counts = [...this.#kinds]
      .sort(([[x], a], [[y], b]) => b - a || (x < y ? -1 : 1))
      .map(([words, n]) => `${n} ${words[n === 1 ? 0 : 1]}`);
    const remedy = this.#kinds.has(POINTER)
      ? 'Run git lfs pull in their repository'
      : 'Copy the photos again from where they came from';
    throw new CovisError(
      'INPUT_CORRUPT',
      `No photo ${folders.length > 1 ? `of ${folders.length} folders` : 'here'} can be read: ${counts.join(', ')}`,
      { file: folders[0]!, hint: `${remedy}, and import again. The first of them is ${this.#first}.` },
    );
  }
}

function kindOf(file: string, error: unknown): Words {
  try {
    if (statSync(file).size === 0) return EMPTY;
    if (isStandIn(headOf(file))) return POINTER;
  } catch {
    // It is there, for it was listed.
    return CLOSED;
  }
  return error instanceof CovisError && error.code === 'INPUT_UNSUPPORTED' ? UNSUPPORTED : DAMAGED;
}
