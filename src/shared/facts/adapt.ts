/** Facts of adapting search to a collection: three protocols that are never mixed, the guards that the data chose, and what came of it. */
import { z } from 'zod';
import { ADAPT_PROTOCOLS, CANDIDATES } from './adapt-names.ts';
import { count, type Facts } from './facts.ts';

export const adaptProtocol = z.enum(ADAPT_PROTOCOLS);

/** The part of a library that something was learned from, drawn again from the same geometry whenever it is asked for. */
export const learnedPart = z.object({
  protocol: adaptProtocol,
  /** Which draw; null for all photos. */
  fold: z.int().nullable(),
  /** The photos of each place, or the places, are cut into so many parts; a fold holds one out. */
  parts: z.int().positive(),
  seed: z.int(),
  /** The last photo that was there. */
  upTo: z.int(),
  /** Of the photos and pairs that were known: where it is another, the geometry has changed since. */
  digest: z.string(),
});
export type LearnedPart = Facts<typeof learnedPart>;

/** A mean with the interval in which 95 % of the means of resampled places lie; null where places are too few for one. */
export const placeInterval = z.object({ mean: z.number(), low: z.number().nullable(), high: z.number().nullable() });
export type PlaceInterval = Facts<typeof placeInterval>;

/** Whether a protocol can be measured with the geometry that is there. */
export const protocolState = z.object({
  protocol: adaptProtocol,
  possible: z.boolean(),
  /** Photos that would ask, and their places. */
  queries: count,
  places: count,
  /** What it needs and what there is, where it cannot be measured. */
  missing: z.string().nullable(),
});
export type ProtocolState = Facts<typeof protocolState>;

/** A network under one of the protocols; the contract of `covis evaluate --protocol new-photos --json`. */
export const protocolMeasure = z.object({
  protocol: adaptProtocol,
  /** The definition in one sentence, with the counts. */
  text: z.string(),
  /** What of this library the network has learned from. */
  learned: z.string(),
  queries: count,
  places: count,
  folds: count,
  database: count,
  map: placeInterval,
});
export type ProtocolMeasure = Facts<typeof protocolMeasure>;

/** A number that the data chose, and why. */
export const guard = z.object({ name: z.string(), label: z.string(), value: z.number(), why: z.string() });
export type Guard = Facts<typeof guard>;

/** One way to learn, measured by the protocol that was asked for. */
export const adaptCandidate = z.object({
  name: z.enum(CANDIDATES),
  /** Null where it was not measured; then `why` says why. */
  map: placeInterval.nullable(),
  /** Against the start, on the same questions. */
  difference: placeInterval.nullable(),
  why: z.string().nullable(),
});
export type AdaptCandidate = Facts<typeof adaptCandidate>;

/** Before and after under one protocol. `learned` says of which networks the figures are: never of one what belongs to another. */
export const adaptFigure = z.object({
  protocol: adaptProtocol,
  learned: z.string(),
  queries: count,
  places: count,
  folds: count,
  before: placeInterval,
  after: placeInterval,
  difference: placeInterval,
});
export type AdaptFigure = Facts<typeof adaptFigure>;

/** A photo that was found, and what geometry knows of it. */
const foundPhoto = z.object({ photo: z.string(), verdict: z.enum(['right', 'wrong', 'unknown']) });
/** A photo that asked, before and after, with what came first. */
export const movedQuery = z.object({
  photo: z.string(),
  name: z.string(),
  before: z.number(),
  after: z.number(),
  foundBefore: z.array(foundPhoto),
  foundAfter: z.array(foundPhoto),
});
export type MovedQuery = Facts<typeof movedQuery>;

const networkName = z.object({ network: z.string(), name: z.string() });

/** What adapting did; the contract of `covis adapt --json`. */
export const adaptReport = z.object({
  /** `changed`: search takes another network now. `kept`: it takes the one it took. `undone`: it takes the one from before again. */
  outcome: z.enum(['changed', 'kept', 'undone']),
  /** What was decided and why, in one or two sentences. */
  said: z.string(),
  protocol: adaptProtocol,
  photos: count,
  places: count,
  pairs: count,
  /** Of what the geometry is. */
  geometry: z.string(),
  size: z.int(),
  seed: z.int(),
  protocols: z.array(protocolState),
  guards: z.array(guard),
  /** What was learned from: a network that has learned nothing of this library. */
  start: networkName,
  /** What search took before, and what it takes now. */
  before: networkName,
  after: networkName,
  candidates: z.array(adaptCandidate),
  chosen: z.enum(CANDIDATES),
  figures: z.array(adaptFigure),
  gained: z.array(movedQuery),
  lost: z.array(movedQuery),
  seconds: z.number(),
});
export type AdaptReport = Facts<typeof adaptReport>;
