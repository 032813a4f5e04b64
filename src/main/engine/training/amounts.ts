/** What a training has to do until its network stands beside the default, for the time that is left in all. */
import type { NetworkSpec, TrainingParameters } from '../../../shared/domain.ts';
import { defaultSize } from '../inputs/inputs.ts';
import { frameOf } from '../inputs/framing.ts';
import type { Library } from '../library/library.ts';
import { real, select } from '../library/rows.ts';
import { countPhotos } from '../library/tables/photo.ts';
import { defaultOf, takesOf, type NetworkRow } from '../network/networks.ts';
import type { TaskContext } from '../queue/context.ts';
import { describedPhotos } from '../retrieval/extract.ts';

/** A part of the work in which all photos are described at one size. */
export interface Phase {
  /** How often photos are described, and how many each time as far as it is known before. */
  readonly passes: number;
  readonly photos: number;
  readonly tuples: number;
  /** Of a photo as the network takes it. */
  readonly pixels: number;
}

/** Units of some phases; photos by what one of the first of them takes. */
export function unitsOf(phases: readonly Phase[]): { readonly photos: number; readonly tuples: number } {
  const { pixels = 1 } = phases[0] ?? {};
  return {
    photos: phases.reduce((n, p) => n + (p.passes * p.photos * p.pixels) / pixels, 0),
    tuples: phases.reduce((n, p) => n + p.tuples, 0),
  };
}

export interface CountedOff {
  /** Says with every step what comes after it. */
  readonly task: TaskContext;
  /** The next phase begins, whatever is left of the one before. */
  readonly next: () => void;
}

/** Counts phases off as their steps begin. */
export function countedOff(task: TaskContext, phases: readonly Phase[]): CountedOff {
  let left = [...phases];
  return {
    next: () => void (left = left.slice(1)),
    task: {
      ...task,
      step: (name, total, unit) => {
        const [now, ...later] = left;
        if (now !== undefined && unit === 'photos')
          left = [{ ...now, photos: total, passes: Math.max(0, now.passes - 1) }, ...later];
        if (now !== undefined && unit === 'tuples')
          left = [{ ...now, tuples: Math.max(0, now.tuples - total) }, ...later];
        task.ahead?.(unitsOf(left));
        task.step(name, total, unit);
      },
    },
  };
}

/** Pixels of a photo of the library on average, at a size. */
function meanPixels(library: Library, spec: Pick<NetworkSpec, 'input' | 'edges'>, size: number): number {
  const frame = frameOf(spec);
  if (frame !== undefined) return frame.width * frame.height;
  const sql =
    'SELECT COALESCE(AVG(width * height * scale * scale), 1.0) FROM (SELECT width, height, min(1.0, ? * 1.0 / max(width, height)) AS scale FROM photo)';
  return Math.max(1, select(library.db, sql, real).one(size));
}

/** All photos of the library are described once, at a size in pixels. */
export function describingPhase(library: Library, spec: Pick<NetworkSpec, 'input' | 'edges'>, size: number): Phase {
  return { passes: 1, photos: countPhotos(library), tuples: 0, pixels: meanPixels(library, spec, size) };
}

type Recipe = Pick<TrainingParameters, 'epochs' | 'minings' | 'queriesPerEpoch' | 'size' | 'folds' | 'experiment'>;

/**
 * Phases of a training: the run, its recipe in the other folds, the comparison with the default as search asks, and photos at the size that was
 * asked for. @param begun epochs that are done of a run that is taken up; undefined for one that begins. @param last that size, in pixels.
 * @param described a size at which the network has described all photos by then.
 */
export function phasesOf(
  library: Library,
  network: NetworkRow,
  recipe: Recipe,
  begun: number | undefined,
  last: number,
  described?: number,
): Phase[] {
  const { epochs, minings, queriesPerEpoch, size, folds = 1 } = recipe;
  const photos = countPhotos(library);
  const { spec } = network;
  const own = meanPixels(library, spec, size);
  const epochsLeft = Math.max(0, epochs - (begun ?? 0));
  const run: Phase = {
    passes: (begun === undefined ? 1 : 0) + epochsLeft * minings,
    photos,
    tuples: epochsLeft * queriesPerEpoch,
    pixels: own,
  };
  const others: Phase = {
    passes: (folds - 1) * (1 + epochs * minings),
    photos,
    tuples: (folds - 1) * epochs * queriesPerEpoch,
    pixels: own,
  };
  const current = defaultOf(library, takesOf(network)) ?? network;
  const asSearched = defaultSize(spec);
  const currentSize = defaultSize(current.spec);
  const isDescribed =
    (current.id === network.id && described === currentSize) ||
    (describedPhotos(library, current, currentSize) ?? 0) >= photos;
  const comparing: Phase = {
    passes: recipe.experiment ? 0 : folds + (isDescribed ? 0 : 1),
    photos,
    tuples: 0,
    pixels: meanPixels(library, spec, asSearched),
  };
  const after: Phase = {
    passes: !recipe.experiment && last === asSearched ? 0 : 1,
    photos,
    tuples: 0,
    pixels: meanPixels(library, spec, last),
  };
  return [run, others, comparing, after];
}
