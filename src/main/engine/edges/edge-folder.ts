/** The edge map of every photo of a folder, as a grey PNG. */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { CLASSICAL } from '../../../shared/jobs/edges.ts';
import type { JobParams, JobResult } from '../../../shared/jobs/index.ts';
import { writeWhole } from '../formats/beside.ts';
import { outsideLibraries, refuseExisting } from '../formats/target.ts';
import { leftOut, listPhotos, refuseWithoutPhotos } from '../library/photo-files.ts';
import { decode } from '../library/pixels.ts';
import { PREPROCESSING } from '../network/preprocessing.ts';
import type { TaskContext } from '../queue/context.ts';
import { openDetector, type DetectorOptions, type EdgeDetector } from './detector.ts';
import { encodeEdgeMap } from './edge-map.ts';

/** The file of each map, with the photo that it is of. @throws CovisError `INPUT_INVALID` where two photos would have one. */
function targetsOf(names: readonly string[], folder: string): ReadonlyMap<string, string> {
  const taken = new Map<string, string>();
  for (const n of names) {
    const target = n.replace(/\.[^.]*$/, '.png');
    if (taken.has(target))
      throw new CovisError('INPUT_INVALID', `${taken.get(target)!} and ${n} would both become ${target}`, {
        file: folder,
        hint: 'Rename one of the photos.',
      });
    taken.set(target, n);
  }
  return taken;
}

/** What is asked for, looked at before anything is computed. */
export interface EdgeTargets {
  readonly photos: string;
  readonly out: string;
  /** File of each map, with the photo that it is of, both within their folders. */
  readonly targets: ReadonlyMap<string, string>;
  /** What is left out of the folder, in sentences. */
  readonly leftOut: readonly string[];
  /** As {@link openDetector} takes it. */
  readonly detector: string | undefined;
  readonly options: DetectorOptions;
}

/** @throws CovisError `INPUT_*` naming the file or folder, `STATE_*` for a folder without photos, and for maps that are there without `force`. */
export function edgeTargets(o: JobParams<'edges'>): EdgeTargets {
  const photos = resolve(o.photos);
  const out = outsideLibraries(o.out);
  if (statSync(photos, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CovisError('INPUT_MISSING', 'This folder does not exist', {
      file: photos,
      hint: 'Name the folder that holds the photos.',
    });
  if (o.classical === true && o.detector !== undefined)
    throw new CovisError('INPUT_INVALID', 'Edges are found by a detector or by gradients, not by both');
  const listing = listPhotos(photos);
  refuseWithoutPhotos(listing, photos, 'STATE_EMPTY', 'This folder holds no photos');
  const targets = targetsOf(listing.photos, photos);
  refuseExisting(
    [...targets.keys()].map((target) => join(out, target)),
    o,
  );
  return {
    photos,
    out,
    targets,
    leftOut: leftOut(listing, photos),
    detector: o.classical === true ? CLASSICAL : o.detector,
    options: { preprocess: o.pixels === undefined ? undefined : PREPROCESSING[o.pixels] },
  };
}

/** The map of a photo as it is written: a grey PNG. @param size long side in pixels. */
export async function edgeMapFile(detector: EdgeDetector, photo: string, size: number): Promise<Uint8Array> {
  return encodeEdgeMap(await detector.detect(await decode(photo, size)));
}

/**
 * Writes the maps, named like the photos. A photo that cannot be read is said and left out.
 * @throws CovisError `INPUT_*` naming the file or folder, `STATE_CONFLICT` for maps that are there without `force`, `CANCELLED`.
 */
export async function edgeFolder(o: JobParams<'edges'>, task: TaskContext): Promise<JobResult<'edges'>> {
  const { photos, out, targets, detector: which, options, leftOut: warnings } = edgeTargets(o);
  const detector = await openDetector(which, undefined, options);
  for (const said of warnings) task.warn(said);
  const failed: string[] = [];
  task.step(`Finding edges with ${detector.name}`, targets.size, 'photos');
  const began = performance.now();
  try {
    for (const [i, [target, name]] of [...targets].entries()) {
      task.check();
      try {
        const map = await edgeMapFile(detector, join(photos, name), o.size);
        writeWhole(join(out, target), map, { ...o, flush: false });
      } catch (error) {
        if (!(error instanceof CovisError) || error.code !== 'INPUT_CORRUPT') throw error;
        failed.push(name);
        task.warn(`${error.message}: ${error.file ?? name}`);
      }
      task.progress(i + 1);
    }
  } finally {
    await detector.release();
  }
  const seconds = (performance.now() - began) / 1000;
  return { detector: detector.id, written: targets.size - failed.length, failed, seconds, out };
}
