/** Facts of mining runs: by what strategies and parameters tuples were chosen, and how runs differ. */
import { z } from 'zod';
import { collectionSubset } from './collections.ts';
import { count, type Facts } from './facts.ts';
import { manifoldParameters } from './manifold.ts';

/** Ways to choose a positive (methods.md 1.2): closest descriptor, most shared points, random with enough overlap. */
export const POSITIVE_STRATEGIES = ['m1', 'm2', 'm3'] as const;
export type PositiveStrategy = (typeof POSITIVE_STRATEGIES)[number];

/** Ways to choose negatives (methods.md 1.3): the hardest, the hardest with one a place, any. */
export const NEGATIVE_STRATEGIES = ['hardest', 'one-per-cluster', 'random'] as const;
export type NegativeStrategy = (typeof NEGATIVE_STRATEGIES)[number];

/** Mining by geometry. */
export const miningParameters = z.object({
  positives: z.enum(POSITIVE_STRATEGIES),
  negatives: z.enum(NEGATIVE_STRATEGIES),
  /** Negatives of a tuple. */
  count,
  minShared: count,
  minOverlap: z.number(),
  maxScale: z.number(),
  /** Photos of the model with the nearest cameras, among which m1 and m2 choose. */
  cameraPool: count,
  /** Photos among which negatives are sought. */
  pool: count,
  /** Tuples of a run. */
  queries: count,
  /** Share of a cluster's photos that may be queries. */
  queryFraction: z.number(),
  /** At most so many queries of a cluster; 0 for no limit. */
  queriesPerCluster: count,
  /** The version of a collection that it was mined on; left out for the whole library. */
  collection: collectionSubset.optional(),
});
export type MiningParameters = Facts<typeof miningParameters>;

export const miningRunInfo = z.object({
  id: z.int(),
  created: z.string(),
  /** Network of the descriptors; null for imported ones. */
  network: z.string().nullable(),
  set: z.string(),
  setName: z.string(),
  seed: z.int(),
  size: z.int().nullable(),
  tuples: count,
  queries: count,
  parameters: z.discriminatedUnion('positives', [miningParameters, manifoldParameters]),
  meanNegativeDistance: z.number(),
  training: z.int().nullable(),
  epoch: count.nullable(),
});
export type MiningRunInfo = Facts<typeof miningRunInfo>;

/** What changed from one mining run to another. */
export const runComparison = z.object({
  a: z.int(),
  b: z.int(),
  /** Pairs of query and positive in both, only in b, only in a. */
  kept: count,
  fresh: count,
  gone: count,
  /** Queries in both, and of these those whose hardest negative is more or less similar in b. */
  queries: count,
  harder: count,
  easier: count,
  meanNegativeDistance: z.tuple([z.number(), z.number()]),
  /** Queries whose hardest negative moved most, by index of their tuple in a and in b. */
  moved: z.array(
    z.object({
      query: z.string(),
      indexA: z.int(),
      indexB: z.int(),
      before: z.number(),
      after: z.number(),
      negativeBefore: z.string(),
      negativeAfter: z.string(),
    }),
  ),
  /** Tuples of b whose pair a does not have, by index. */
  freshTuples: z.array(z.number()),
});
export type RunComparison = Facts<typeof runComparison>;
