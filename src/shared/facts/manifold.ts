/** Facts of mining on manifolds: its parameters, and what the explorer shows around a photo. */
import { z } from 'zod';
import { collectionSubset } from './collections.ts';
import { count, type Facts } from './facts.ts';

/** Mining on manifolds (methods.md 5). */
export const manifoldParameters = z.object({
  positives: z.literal('manifold'),
  /** Neighbours in the graph, the photo itself included. */
  k: count,
  gamma: z.number(),
  alpha: z.number(),
  iterations: count,
  tolerance: z.number(),
  /** Positives are within this manifold rank and beyond it in the Euclidean one. */
  positivesK: count,
  /** Negatives are within this Euclidean rank and beyond it in the manifold one; at most half the collection. */
  negativesK: count,
  /** Largest pools. */
  kept: count,
  /** Local maxima of importance in the largest component, or every photo. */
  anchors: z.enum(['maxima', 'all']),
  maxAnchors: count,
  /** How important a photo is: its degree in the graph, or the same by a thousand steps of power iteration. */
  importance: z.enum(['degree', 'power']),
  /** The version of a collection that it was mined on; left out for the whole library. */
  collection: collectionSubset.optional(),
});
export type ManifoldParameters = Facts<typeof manifoldParameters>;

/** A photo around another one in the manifold explorer. */
export const manifoldNeighbour = z.object({
  photo: z.string(),
  /** Ranks from 1, the asking photo being the first in both. */
  euclideanRank: count,
  manifoldRank: z.number().nullable(),
  similarity: z.number(),
  manifold: z.number(),
  role: z.enum(['positive', 'negative']).nullable(),
  relation: z.enum(['same-place', 'other', 'unknown']),
  clusterName: z.string(),
});
export type ManifoldNeighbour = Facts<typeof manifoldNeighbour>;

/** What the manifold explorer shows of a photo. */
export const manifoldView = z.object({
  photo: z.string(),
  set: z.string(),
  setName: z.string(),
  parameters: z.object({
    k: count,
    positivesK: count,
    negativesK: count,
  }),
  /**
   * Null where the graph joins all photos. Else the graph, what is ranked along it and manifold ranks are of so many photos that are nearest,
   * and there are no hard positives and negatives yet: the rest of it is being computed.
   */
  part: z.object({ photos: count, of: count }).nullable(),
  euclidean: z.array(manifoldNeighbour),
  manifold: z.array(manifoldNeighbour),
  positives: z.array(manifoldNeighbour),
  negatives: z.array(manifoldNeighbour),
  /** The graph around the photo: steps away from it, and edges by position in `nodes`. */
  nodes: z.array(
    z.object({
      photo: z.string(),
      steps: count,
    }),
  ),
  edges: z.array(
    z.object({
      a: z.int(),
      b: z.int(),
      weight: z.number(),
    }),
  ),
});
export type ManifoldView = Facts<typeof manifoldView>;

/** How far the graph of a set is: photos whose neighbours are found. */
export const manifoldGraph = z.object({
  done: count,
  of: count,
  ready: z.boolean(),
});
export type ManifoldGraph = Facts<typeof manifoldGraph>;
