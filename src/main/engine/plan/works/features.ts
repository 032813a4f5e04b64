/** Local features, some photos a shard: the first stage of all work that matches photos. */
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { CovisError } from '../../../../shared/errors.ts';
import { FeatureDetector } from '../../features/detect.ts';
import type { Features } from '../../features/sift.ts';
import { featureFile, featuresIn, featuresOf, keepFeatures, keptFeatures } from '../../features/store.ts';
import type { Library } from '../../library/library.ts';
import type { PhotoRow } from '../../library/photos.ts';
import type { TaskContext } from '../../queue/context.ts';
import { MOST_ITEMS, photoHash, plannedPhoto, type PlannedPhoto } from '../facts.ts';
import { commonFile, readShard, resultFile, shardFiles, wrongResult, type Plan } from '../folder.ts';
import { BundleFile, decodeBundle, encodeBundle, writeBundle } from './bundle.ts';
import { ofPlannedPhoto, plannedPhotos } from './planned-photos.ts';
import { parts, shardCount, type Cut, type Outcome, type Results } from './work.ts';

export const FEATURES = 'features';
/** Features of so many photos take some minutes of two threads. */
const SUITABLE = 1000;
const KEPT = 512;

const content = z.strictObject({ photos: z.array(plannedPhoto).min(1).max(MOST_ITEMS) });

/** The stage that computes the features of photos that lack them, and the file of those that the library has. */
export interface FeatureStage {
  readonly stages: Cut['stages'];
  readonly files: Cut['files'];
  /** Photos whose files cannot be found, which are in no shard, are none of these. */
  readonly photos: readonly PlannedPhoto[];
}

export function cutFeatures(library: Library, photos: readonly PhotoRow[], shards: number | undefined): FeatureStage {
  const known = photos.flatMap(({ hash }) => {
    const bytes = keptFeatures(library, hash);
    return bytes === undefined ? [] : [{ name: hash, bytes: bytes.length }];
  });
  const there = new Set(known.map((k) => k.name));
  const missing = plannedPhotos(library, new Set(photos.flatMap((p) => (there.has(p.hash) ? [] : [p.id]))));
  const read = (name: string): Buffer => {
    const bytes = keptFeatures(library, name);
    if (bytes !== undefined) return bytes;
    throw new CovisError('STATE_CONFLICT', 'Features of a photo went away while they were planned', {
      file: library.path,
      hint: 'Plan again.',
    });
  };
  return {
    photos: plannedPhotos(library, new Set(photos.map((p) => p.id))),
    files:
      known.length === 0
        ? {}
        : {
            [FEATURES]: (to) =>
              Promise.resolve(
                writeBundle(
                  to,
                  null,
                  known.map((k) => ({ ...k, read: () => read(k.name) })),
                ),
              ),
          },
    stages:
      missing.length === 0
        ? []
        : [
            {
              name: FEATURES,
              after: [],
              shards: Array.from(parts(missing, shardCount(missing.length, shards, SUITABLE, 'photos')), (some) => ({
                content: { photos: some },
                items: some.length,
              })),
            },
          ],
  };
}

/** Detects the features of a shard's photos. One that cannot be read is said and left out. */
export async function featuresShard(plan: Plan, number: number, task: TaskContext): Promise<Outcome> {
  const { photos } = readShard(plan, FEATURES, number, content);
  const found = new Map<string, Uint8Array>();
  task.step('Detecting local features', photos.length, 'photos');
  const detector = new FeatureDetector();
  let [next, done] = [0, 0];
  const one = async (): Promise<void> => {
    while (next < photos.length) {
      const photo = photos[next++]!;
      task.check();
      try {
        found.set(photo.hash, featureFile(await ofPlannedPhoto(photo, (file) => detector.detect(file))));
      } catch (error) {
        if (!(error instanceof CovisError) || !error.code.startsWith('INPUT')) throw error;
        task.warn(`${error.message}: ${error.file ?? photo.hash}`);
      }
      task.progress((done += 1));
    }
  };
  try {
    await Promise.all(Array.from({ length: detector.threads + 1 }, one));
  } finally {
    await detector.close();
  }
  const sorted = photos.flatMap(({ hash }): [string, Uint8Array][] => {
    const bytes = found.get(hash);
    return bytes === undefined ? [] : [[hash, bytes]];
  });
  return { bytes: encodeBundle(null, sorted), done: sorted.length };
}

/** The features of a plan's photos: what its shards found, and what the library had. Close it when done. */
export class PlannedFeatures {
  readonly #files: readonly BundleFile[];
  readonly #of = new Map<string, BundleFile>();
  readonly #kept = new Map<string, Features>();

  private constructor(files: readonly BundleFile[]) {
    this.#files = files;
    for (const file of files) for (const hash of file.names()) this.#of.set(hash, file);
  }

  /** @param whole true checks the digest of every result; else the seal of each photo's features is relied on. */
  static open(plan: Plan, whole = false): PlannedFeatures {
    const files: BundleFile[] = [];
    try {
      if (plan.file.files[FEATURES] !== undefined) files.push(BundleFile.open(commonFile(plan, FEATURES), z.null()));
      const stage = plan.file.stages.find((s) => s.name === FEATURES);
      for (let i = 1; i <= (stage?.shards.length ?? 0); i += 1) {
        const file = whole ? resultFile(plan, FEATURES, i) : shardFiles(plan.folder, FEATURES, i).result;
        files.push(BundleFile.open(file, z.null()));
      }
      return new PlannedFeatures(files);
    } catch (error) {
      for (const f of files) f.close();
      throw error;
    }
  }

  has(hash: string): boolean {
    return this.#of.has(hash);
  }

  /** A photo's features as a library keeps them. @throws CovisError `INPUT_CORRUPT` where they are damaged. */
  file(hash: string): Buffer {
    const file = this.#of.get(hash);
    const bytes = file?.read(hash);
    if (file === undefined || bytes === undefined || featuresIn(bytes) === undefined)
      throw wrongResult(file?.file ?? '', `has no sound features of the photo ${hash}`);
    return bytes;
  }

  of(hash: string): Features {
    let f = this.#kept.get(hash);
    if (f === undefined) {
      f = featuresOf(featuresIn(this.file(hash))!);
      if (this.#kept.size >= KEPT) this.#kept.delete(this.#kept.keys().next().value!);
      this.#kept.set(hash, f);
    }
    return f;
  }

  /** Puts them where a library keeps its own. */
  into(library: Library, task: TaskContext): void {
    task.step('Taking up local features', this.#of.size, 'photos');
    let done = 0;
    for (const hash of this.#of.keys()) {
      task.check();
      if (keptFeatures(library, hash) === undefined) keepFeatures(library, hash, this.file(hash));
      task.progress((done += 1));
    }
  }

  close(): void {
    for (const f of this.#files) f.close();
  }
}

/** Keeps what the shards found in the library: features are computed once. */
export function takeFeatures(library: Library, plan: Plan, results: Results, task: TaskContext): void {
  const stage = plan.file.stages.find((s) => s.name === FEATURES);
  if (stage === undefined || !existsSync(plan.folder)) return;
  task.step('Taking up local features', stage.shards.length, 'shards');
  for (let i = 1; i <= stage.shards.length; i += 1) {
    task.check();
    const own = new Set(readShard(plan, FEATURES, i, content).photos.map((p) => p.hash));
    const { result } = shardFiles(plan.folder, FEATURES, i);
    for (const [name, bytes] of decodeBundle(results.of(FEATURES, i), result, z.null()).parts) {
      const hash = photoHash.safeParse(name);
      if (!hash.success || !own.has(name) || featuresIn(bytes) === undefined)
        throw wrongResult(result, 'has features that are none of its photos');
      keepFeatures(library, name, bytes);
    }
    task.progress(i);
  }
}
