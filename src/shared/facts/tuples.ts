/** Facts of tuples and of what people say of them. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';

/** What people say of a tuple's positive or of one of its negatives. */
export const VERDICTS = ['accept', 'reject', 'same-object', 'swap', 'none'] as const;
export type Verdict = (typeof VERDICTS)[number];

export const tupleNegative = z.object({
  photo: z.string(),
  cluster: z.string(),
  clusterName: z.string(),
  similarity: z.number(),
  /** Where it stood when the pool was sorted by similarity, from 1; null where it was drawn at random. */
  rank: count.nullable(),
  /** Nearest neighbours that it has in common with the query, as a fraction of all; null where not computed. */
  links: z.number().nullable(),
  /** Each is among the other's nearest neighbours. */
  mutual: z.boolean(),
  /** Shared 3D points, which a negative should not have. */
  shared: count,
  verdict: z.enum(VERDICTS).nullable(),
});
export type TupleNegative = Facts<typeof tupleNegative>;

/** A positive that another strategy would take, or one of a manifold pool. */
export const tupleAlternative = z.object({
  photo: z.string(),
  strategies: count,
  shared: count,
  overlap: z.number(),
  scale: z.number().nullable(),
  similarity: z.number(),
  /** Manifold similarity: its weight in training. */
  weight: z.number().nullable(),
  /** What was decided of it as a positive of the query. */
  verdict: z.enum(VERDICTS).nullable(),
});
export type TupleAlternative = Facts<typeof tupleAlternative>;

export const tupleInfo = z.object({
  /** Position in the run. */
  index: count,
  query: z.string(),
  positive: z.string(),
  /** Empty where query and positive are in no common cluster. */
  cluster: z.string(),
  clusterName: z.string(),
  shared: count,
  overlap: z.number(),
  scale: z.number().nullable(),
  positiveSimilarity: z.number(),
  /** `STRATEGY_BITS` of all who would take this positive. */
  strategies: count,
  disagreement: count,
  /** 0 to 1: how much speaks for a label error. */
  suspicion: z.number(),
  negatives: z.array(tupleNegative),
  alternatives: z.array(tupleAlternative),
  verdict: z.enum(VERDICTS).nullable(),
  /** What the positive was swapped for. */
  replacement: z.string().nullable(),
  note: z.string().nullable(),
});
export type TupleInfo = Facts<typeof tupleInfo>;

/** Orders of a list of tuples. */
export const TUPLE_SORTS = ['mined', 'suspicion', 'hardest', 'easiest', 'positive', 'shared'] as const;
export type TupleSort = (typeof TUPLE_SORTS)[number];

/** A list of tuples as it was when it was asked for: decisions made since do not move its rows. */
export const tupleList = z.object({
  list: z.string(),
  total: count,
});
export type TupleList = Facts<typeof tupleList>;

/** How far the review of a run is. */
export const reviewProgress = z.object({
  tuples: count,
  reviewed: count,
  accepted: count,
  rejected: count,
  swapped: count,
  sameObject: count,
  /** What undo and redo would do; null where there is nothing. */
  undo: z.string().nullable(),
  redo: z.string().nullable(),
});
export type ReviewProgress = Facts<typeof reviewProgress>;

/** What undo or redo turned and where it was decided; null where there was nothing. */
export const turned = z.object({ label: z.string(), run: z.int().nullable(), tuple: count.nullable() }).nullable();
export type Turned = Facts<typeof turned>;

/** What was done, in the one history that undo goes back through, newest first. */
export const historyLine = z.object({
  /** The last action that is in force; null where none is. */
  head: z.int().nullable(),
  actions: z.array(
    z.object({
      id: z.int(),
      created: z.string(),
      label: z.string(),
      /** Judgements that it was made of; 0 for changes of clusters, collections and folds. */
      decisions: count,
      undone: z.boolean(),
    }),
  ),
  /** There are older ones than are listed. */
  more: z.boolean(),
});
export type HistoryLine = Facts<typeof historyLine>;
