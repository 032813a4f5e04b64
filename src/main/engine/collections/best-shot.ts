import type { BestShotWeights } from '../../../shared/facts/collection-choices.ts';
import type { PhotoQuality } from '../../../shared/facts/quality.ts';
import type { Library } from '../library/library.ts';
import { list, integer, real, select } from '../library/rows.ts';
import { qualityById } from '../features/quality-store.ts';

/** Weights of the best shot where a person says none; they sum to one. */
export const BEST_SHOT: BestShotWeights = { resolution: 0.3, sharpness: 0.4, clipping: 0.15, blockiness: 0.15 };
/** Megapixels, and sharpness, at which a part of the score is a half. */
const HALF_MEGAPIXELS = 4;
const HALF_SHARPNESS = 40;
/** Share of clipped pixels, and blockiness, at which nothing is left of a part. */
const ALL_CLIPPED = 0.25;
const ALL_BLOCKS = 0.5;

/** The parts of a photo's score, each from 0 to 1; those that need measures are null without. */
export type ScoreParts = { readonly [K in keyof BestShotWeights]: number | null };

/**
 * resolution: megapixels / (megapixels + 4); sharpness: s / (s + 40); clipping: 1 − (dark + bright) / 0.25, not below 0; blockiness:
 * 1 − b / 0.5, not below 0.
 */
export function scoreParts(megapixels: number, q: PhotoQuality | undefined): ScoreParts {
  return {
    resolution: megapixels / (megapixels + HALF_MEGAPIXELS),
    sharpness: q === undefined ? null : q.sharpness / (q.sharpness + HALF_SHARPNESS),
    clipping: q === undefined ? null : Math.max(0, 1 - (q.dark + q.bright) / ALL_CLIPPED),
    blockiness: q === undefined ? null : Math.max(0, 1 - q.blockiness / ALL_BLOCKS),
  };
}

/** Weighted mean of the parts, 0 to 1; what is not known counts as 0. Weights that are all zero give 0. */
export function bestShotScore(parts: ScoreParts, weights: BestShotWeights): number {
  const names = Object.keys(BEST_SHOT) as (keyof BestShotWeights)[];
  const total = names.reduce((sum, n) => sum + weights[n], 0);
  return total === 0 ? 0 : names.reduce((sum, n) => sum + weights[n] * (parts[n] ?? 0), 0) / total;
}

/** Every photo's score by id. */
export function bestShotScores(library: Library, weights: BestShotWeights): Map<number, number> {
  const quality = qualityById(library);
  const sizes = select(library.db, 'SELECT id, width * height / 1e6 FROM photo ORDER BY id', list(integer, real)).all();
  return new Map(sizes.map(([id, mp]) => [id, bestShotScore(scoreParts(mp, quality.get(id)), weights)]));
}
