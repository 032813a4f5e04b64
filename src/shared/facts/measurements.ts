/** Facts of measurements: ground truths, the matrix of sets and methods, tests and trade-offs. */
import { z } from 'zod';
import { collectionSubset } from './collections.ts';
import { count, type Facts } from './facts.ts';

/** Protocols of methods.md 6 that need a ground truth. */
export const PROTOCOLS = [
  'oxford',
  'easy',
  'medium',
  'hard',
  'holidays',
  'instre',
  'ukbench',
  'recall',
  'acc',
] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** A ground truth of the library. */
export const truthInfo = z.object({
  id: z.string(),
  name: z.string(),
  images: count,
  queries: count,
  created: z.string(),
  /** Protocols that its labels allow. */
  protocols: z.array(z.string()),
});
export type TruthInfo = Facts<typeof truthInfo>;

/** Which photos of a library the names of another program's file mean. */
export const namesReport = z.object({
  /** How many names are photos of the library. */
  bound: count,
  /** Names that no photo has. */
  missing: z.array(z.string()),
  /** Names that fit several photos, or that share one with a name of another folder; none of them is taken. */
  ambiguous: z.array(z.object({ name: z.string(), among: z.array(z.string()) })),
});
export type TruthNames = Facts<typeof namesReport>;

/** A ground truth that was brought in, with what its names are in the library. */
export const truthReport = truthInfo.extend(namesReport.shape);
export type TruthReport = Facts<typeof truthReport>;

export const evaluationResult = z.object({
  protocol: z.string(),
  queries: count,
  database: count,
  map: z.number(),
  mapWhitened: z.number().nullable(),
});
export type EvaluationResult = Facts<typeof evaluationResult>;

export const evaluationInfo = evaluationResult.extend({
  id: z.int(),
  created: z.string(),
  network: z.string(),
  networkName: z.string(),
  size: z.int(),
});
export type EvaluationInfo = Facts<typeof evaluationInfo>;

/** One query of a measurement. */
export const queryScoreInfo = z.object({
  query: z.string(),
  index: count,
  ap: z.number(),
  positives: count,
  found: count,
  first: z.number().nullable(),
  /** Share of true photos among the first so many. */
  precisionAt: z.exactOptional(z.record(z.string(), z.number())),
  /** The photo that asks, where the library has it. */
  photo: z.exactOptional(z.string().nullable()),
});
export type QueryScoreInfo = Facts<typeof queryScoreInfo>;

/** What a ranking is worth under a protocol (methods.md 6). */
export const measuredRanking = z.object({
  protocol: z.string(),
  ap: z.enum(['trapezoidal', 'rectangular']),
  map: z.number(),
  /** 95 % bootstrap interval of mAP over queries. */
  interval: z.object({ mean: z.number(), low: z.number(), high: z.number() }),
  mpAtK: z.record(z.string(), z.number()),
  recallAtK: z.record(z.string(), z.number()).optional(),
  ukbench: z.number().optional(),
  queries: count,
  /** Queries without a positive, which do not count. */
  skipped: count,
  perQuery: z.array(queryScoreInfo),
});

/** One method of the comparison of teacher and student. */
export const teacherComparison = z.object({
  method: z.string(),
  /** True for bags of words, false for networks. */
  teacher: z.boolean(),
  map: z.number(),
  /** The measurement that has its queries. */
  measurement: z.number(),
  /** The version of a collection that it was measured on. */
  collection: collectionSubset.optional(),
});
export type TeacherComparison = Facts<typeof teacherComparison>;

/** Two methods on the same queries: the difference of means with its interval, and how likely chance gives as much. */
export const pairedTest = z.object({
  queries: count,
  /** Mean of b − a. */
  difference: z.number(),
  low: z.number(),
  high: z.number(),
  /** Two-sided p-value of the sign-flip permutation test. */
  p: z.number(),
  wins: count,
  losses: count,
});
export type PairedTest = Facts<typeof pairedTest>;

/** A cell of the matrix of measurements. */
export const measurementInfo = z.object({
  id: z.int(),
  created: z.string(),
  setKey: z.string(),
  setName: z.string(),
  method: z.string(),
  parameters: z.record(z.string(), z.number()),
  truth: z.string(),
  protocol: z.string(),
  map: z.number(),
  low: z.number(),
  high: z.number(),
  queries: count,
});
export type MeasurementInfo = Facts<typeof measurementInfo>;

export const measurementDetail = measurementInfo.extend({
  /** The protocol in words, with the kind of AP. */
  text: z.string(),
  mpAtK: z.record(z.string(), z.number()),
  recallAtK: z.record(z.string(), z.number()).nullable(),
  ukbench: z.number().nullable(),
  skipped: count,
  /** Points [recall, precision], averaged over queries. */
  curve: z.array(z.tuple([z.number(), z.number()])),
  perQuery: z.array(queryScoreInfo),
  msPerQuery: z.number(),
  offlineMs: z.number(),
});
export type MeasurementDetail = Facts<typeof measurementDetail>;

/** A measurement as it is opened: its queries, which may be as many as photos, are read by pages. */
export const openedMeasurement = measurementDetail.omit({ perQuery: true });
export type OpenedMeasurement = Facts<typeof openedMeasurement>;

/**
 * Orders of a measurement's queries. `change`: by how much the other measurement differs; `gain`: those that both have, by how much better they
 * are here.
 */
export const QUERY_ORDERS = ['worst', 'best', 'change', 'gain', 'name'] as const;
export type QueryOrder = (typeof QUERY_ORDERS)[number];

export const queryPage = z.object({
  total: count,
  /** Of the queries that both have, those that are better or worse here than there by more than 0.005; none where nothing is compared. */
  wins: count,
  losses: count,
  /** `other`: its average precision in the other measurement, where that has it. */
  queries: z.array(queryScoreInfo.omit({ precisionAt: true }).extend({ other: z.number().nullable() })),
});
export type QueryPage = Facts<typeof queryPage>;
export type ComparedQuery = QueryPage['queries'][number];

/** Hybrid diffusion at one rank: the fewest iterations that reach the target ranking error. */
export const tradeoffPoint = z.object({
  rank: count,
  iterations: count,
  msPerQuery: z.number(),
  /** Graph, vectors and eigenvectors in memory. */
  bytes: count,
  /** Share of pairs of photos that are ordered otherwise than by the converged scores, mean over queries. */
  rankingError: z.number(),
  /** Length of the scores' difference from the converged ones over their length. */
  scoreError: z.number(),
  /** The ranking error without any iteration. */
  spectralError: z.number(),
});
export type TradeoffPoint = Facts<typeof tradeoffPoint>;

export const tradeoffReport = z.object({
  nodes: count,
  edges: count,
  target: z.number(),
  eigenResidual: z.number(),
  points: z.array(tradeoffPoint),
});
export type TradeoffReport = Facts<typeof tradeoffReport>;
