/** Facts of a search: the ways to rank, what is found, and why. */
import { z } from 'zod';
import { device } from './backends.ts';
import { clusterLabel } from './clusters.ts';
import { collectionSubset } from './collections.ts';
import { count, type Facts } from './facts.ts';
import { SEARCH_METHODS } from '../methods/index.ts';

export { METHODS, SEARCH_METHODS, type Method, type SearchMethod } from '../methods/index.ts';

export const searchHit = z.object({
  photo: z.string(),
  name: z.string(),
  clusters: z.array(clusterLabel),
  score: z.number(),
  /** Against a library photo as query: shares enough points, the same place, or another place. */
  relation: z.enum(['positive', 'same-place', 'other', 'unknown', 'query']),
  shared: count.nullable(),
  /** The region that matches best, as displayed, in fractions; for regional sets. */
  box: z.exactOptional(
    z.object({
      x: z.number(),
      y: z.number(),
      width: z.number(),
      height: z.number(),
    }),
  ),
  /** Width over height as displayed. */
  aspect: z.number(),
  /** Matches that one affine map explains; for bags of words. */
  inliers: z.exactOptional(count),
});
export type SearchHit = Facts<typeof searchHit>;

export const heatGrid = z.object({
  width: count,
  height: count,
  values: z.array(z.number()),
});
export type HeatGrid = Facts<typeof heatGrid>;

/** Why two photos match: what each place of either adds to the similarity. Grids are row-major and sum to it, but for what lies in a margin that a network of one size takes. */
export const explanation = z.object({
  /** Of the pooled maps, which the grids sum to: before whitening and further scales, where the network has them. */
  similarity: z.number(),
  /** Of the whole descriptors, as searches have it; null where that is the same. */
  described: z.number().nullable(),
  query: heatGrid,
  hit: heatGrid,
});
export type Explanation = Facts<typeof explanation>;

/** What a search found, by what, and how long it took. */
export const searchAnswer = z.object({
  hits: z.array(searchHit),
  set: z.string(),
  setName: z.string(),
  method: z.enum(SEARCH_METHODS),
  /** Those that the method read. */
  parameters: z.record(z.string(), z.number()),
  milliseconds: z.number(),
  /** What the method needed before its first query; 0 when it was ready. */
  preparedMs: z.number(),
  /** The ground truth that judged the hits; null for the geometry of the library. */
  judgedBy: z.string().nullable(),
  /** The version of a collection that was searched; left out for the whole library. */
  collection: collectionSubset.optional(),
  /** What described the query; left out where its descriptor was stored. */
  device,
});
export type SearchAnswer = Facts<typeof searchAnswer>;
