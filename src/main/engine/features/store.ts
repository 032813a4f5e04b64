import { existsSync, readFileSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import { writeWhole } from '../formats/beside.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { refuseWriting } from '../library/read-only.ts';
import { LeftOut, ofCurrentPhoto } from '../library/current-photo.ts';
import { sealed, unsealed } from '../library/seal.ts';
import type { PhotoRow } from '../library/photos.ts';
import { FeatureDetector } from './detect.ts';
import { DESCRIPTOR_BYTES, type Features } from './sift.ts';

/** Changes when the detector gives other features. */
const VERSION = 'sift1';
const HEAD_BYTES = 8;
const MAGIC = 0x31465643;
const FRAME_BYTES = 16;

function fileOf(library: Library, hash: string): string {
  return library.file('features', hash.slice(0, 2), `${hash}.${VERSION}`);
}

/** True where the library keeps this photo's features, and they are whole: damaged ones are computed again. */
export function hasFeatures(library: Library, hash: string): boolean {
  const file = fileOf(library, hash);
  return existsSync(file) && featuresIn(readFileSync(file)) !== undefined;
}

/** The content of a file of features; undefined where it is damaged. */
export function featuresIn(file: Buffer): Buffer | undefined {
  const bytes = unsealed(file);
  if (bytes === undefined || bytes.length < HEAD_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  return bytes.length === HEAD_BYTES + bytes.readUInt32LE(4) * (FRAME_BYTES + DESCRIPTOR_BYTES) ? bytes : undefined;
}

/** @throws CovisError `STATE_EMPTY` where they were not computed, `INPUT_CORRUPT` where the file is damaged. */
export function readFeatures(library: Library, hash: string): Features {
  const file = fileOf(library, hash);
  if (!existsSync(file))
    throw new CovisError('STATE_EMPTY', 'This photo has no local features yet', {
      file,
      hint: 'Search by words, or run covis teacher, which computes them.',
    });
  const bytes = featuresIn(readFileSync(file));
  if (bytes === undefined)
    throw new CovisError('INPUT_CORRUPT', 'The features of this photo are damaged', {
      file,
      hint: 'Delete the file; it is computed again.',
    });
  return featuresOf(bytes);
}

/** Features as their file holds them. */
export function featureFile(f: Features): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(f.count, 4);
  return sealed(Buffer.concat([head, new Uint8Array(f.frames.buffer), f.descriptors]));
}

/** The features in the content of a file, as {@link featuresIn} gives it. */
export function featuresOf(bytes: Buffer): Features {
  const count = bytes.readUInt32LE(4);
  const frames = new Float32Array(4 * count);
  const from = HEAD_BYTES + FRAME_BYTES * count;
  new Uint8Array(frames.buffer).set(bytes.subarray(HEAD_BYTES, from));
  return { count, frames, descriptors: Uint8Array.from(bytes.subarray(from)) };
}

/** The file of features that a library keeps; undefined where it has none that is whole. */
export function keptFeatures(library: Library, hash: string): Buffer | undefined {
  const file = fileOf(library, hash);
  const bytes = existsSync(file) ? readFileSync(file) : undefined;
  return bytes === undefined || featuresIn(bytes) === undefined ? undefined : bytes;
}

/** Keeps features that were computed elsewhere: a file of theirs. */
export function keepFeatures(library: Library, hash: string, bytes: Uint8Array): void {
  writeWhole(fileOf(library, hash), bytes, { force: true, flush: false });
}

/**
 * Computes the features of those photos that lack them; what is done stays when the task is stopped or killed.
 * Photos that cannot be decoded or are gone are said and left out.
 * @returns how many were computed, and why the others were not, by photo.
 */
export async function extractFeatures(
  library: Library,
  photos: readonly PhotoRow[],
  task: TaskContext,
): Promise<{ computed: number; failed: ReadonlyMap<number, CovisError> }> {
  const missing = photos.filter((p) => !hasFeatures(library, p.hash));
  const failed = new Map<number, CovisError>();
  if (missing.length === 0) return { computed: 0, failed };
  refuseWriting(library);
  task.step('Detecting local features', missing.length, 'photos');
  const detector = new FeatureDetector();
  const gone = new LeftOut();
  let next = 0;
  let done = 0;
  const one = async (): Promise<void> => {
    while (next < missing.length) {
      const photo = missing[next++]!;
      task.check();
      try {
        const found = await ofCurrentPhoto(library, photo.id, (file) => detector.detect(file));
        keepFeatures(library, photo.hash, featureFile(found));
      } catch (error) {
        if (!(error instanceof CovisError) || !error.code.startsWith('INPUT')) throw error;
        failed.set(photo.id, error);
        if (!gone.takes(error)) task.warn(`${error.message}: ${error.file ?? photo.hash}`);
      }
      task.progress((done += 1));
    }
  };
  try {
    // One photo more than threads is decoded ahead.
    await Promise.all(Array.from({ length: detector.threads + 1 }, one));
  } finally {
    await detector.close();
  }
  gone.say((m) => task.warn(m));
  return { computed: missing.length - failed.size, failed };
}
