/** Rules of smart collections: a tree of conditions on photos. Everything is stored and sent as this JSON. */
import { z } from 'zod';
import { id } from '../fields.ts';
import { count, type Facts } from './facts.ts';
import { qualityField } from './quality.ts';
import { LIKENESS_METHODS, RULE_SIZES } from './rule-words.ts';

const name = z.string().min(1).max(1000);
const latitude = z.number().min(-90).max(90);
const longitude = z.number().min(-180).max(180);

/** A day, a month, a year, or a moment in UTC: `1994`, `1994-05`, `1994-05-17`, `1994-05-17T12:30:00`. */
export const ruleTime = z.string().regex(/^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2})?)?)?)?$/);

/** Exemplars by content hash, or those of a collection: its photos, and those that were judged not to belong. */
export const exemplars = z.strictObject({
  positive: z.array(id).min(1).max(10_000).optional(),
  negative: z.array(id).max(10_000).optional(),
  collection: name.optional(),
});
export type Exemplars = Facts<typeof exemplars>;

export const likeRule = z
  .strictObject({
    is: z.literal('like'),
    exemplars,
    /** Descriptor set: NETWORK-SIZE with the network's content hash, or a stored set. */
    set: z.string().min(1).max(4096),
    method: z.enum(LIKENESS_METHODS).default('best'),
    /** The so many most alike; the lower photo of equal ones. */
    top: z.int().min(1).max(1_000_000).optional(),
    /** Those whose score is at least this: a cosine, or the classifier's score; its probability where `calibrated`. */
    least: z.number().min(-1000).max(1000).optional(),
    /** Of a classifier: scores are probabilities, fitted to those of exemplars that it was not taught by. */
    calibrated: z.boolean().optional(),
  })
  .refine((r) => (r.top === undefined) !== (r.least === undefined), 'Say either how many (top) or how much (least)')
  .refine((r) => r.calibrated !== true || r.method === 'classifier', 'Only scores of a classifier are calibrated')
  .refine(
    (r) => (r.exemplars.positive === undefined) !== (r.exemplars.collection === undefined),
    'Exemplars are named one by one, or as a collection',
  )
  .refine(
    (r) => r.exemplars.collection === undefined || r.exemplars.negative === undefined,
    'A collection has negatives of its own',
  );
export type LikeRule = z.output<typeof likeRule>;

const range = { from: z.number().optional(), to: z.number().optional() };
const SOME = 'Say from, to, or both, and no more from than to';
const ranged = (r: { readonly from?: number | undefined; readonly to?: number | undefined }): boolean =>
  (r.from !== undefined || r.to !== undefined) && (r.from ?? -Infinity) <= (r.to ?? Infinity);

/** Conditions without others below them. */
export const ruleLeaf = z.discriminatedUnion('is', [
  likeRule,
  /** In one of these clusters, by content hash or name. */
  z.strictObject({ is: z.literal('cluster'), clusters: z.array(name).min(1).max(10_000) }),
  /** Of the places that these clusters and scenes are part of. */
  z.strictObject({ is: z.literal('place'), names: z.array(name).min(1).max(10_000) }),
  z.strictObject({ is: z.literal('scene'), scenes: z.array(name).min(1).max(10_000) }),
  /** Taken within these times, ends included to their last second; photos that do not say are not. */
  z
    .strictObject({ is: z.literal('taken'), from: ruleTime.optional(), to: ruleTime.optional() })
    .refine((r) => r.from !== undefined || r.to !== undefined, SOME),
  /** Within a box of the map; where west is larger than east, it spans the 180th meridian. */
  z
    .strictObject({ is: z.literal('box'), south: latitude, north: latitude, west: longitude, east: longitude })
    .refine((r) => r.south <= r.north, 'South is not above north'),
  /** Within so many kilometres along the ground. */
  z.strictObject({ is: z.literal('near'), latitude, longitude, km: z.number().positive().max(20_100) }),
  z.strictObject({ is: z.literal('camera'), how: z.enum(['is', 'contains', 'known']), text: name.optional() }),
  z.strictObject({ is: z.literal('size'), field: z.enum(RULE_SIZES), ...range }).refine(ranged, SOME),
  z.strictObject({ is: z.literal('quality'), field: qualityField, ...range }).refine(ranged, SOME),
  /** There is another photo that looks the same. */
  z.strictObject({ is: z.literal('duplicate'), bits: z.int().min(0).max(16).optional() }),
  /** Folded under another, the head of others, or either. */
  z.strictObject({ is: z.literal('folded'), as: z.enum(['under', 'head', 'either']) }),
  /** In a collection as it is now; of a smart one, what its own rule gives. */
  z.strictObject({ is: z.literal('in'), collection: name, version: z.int().positive().optional() }),
  /** In no collection. */
  z.strictObject({ is: z.literal('loose') }),
  /** Described in a collection (any where none is named): the field is there, or one of its values is the text or contains it. */
  z
    .strictObject({
      is: z.literal('field'),
      field: z.string().min(1).max(100),
      how: z.enum(['has', 'is', 'contains']),
      text: z.string().min(1).max(10_000).optional(),
      collection: name.optional(),
    })
    .refine((r) => (r.how === 'has') === (r.text === undefined), 'A text goes with is and contains'),
  /** A person judged it with another photo while reviewing tuples. */
  z.strictObject({
    is: z.literal('decided'),
    verdict: z.enum(['accept', 'reject', 'same-object', 'swap', 'note']).optional(),
  }),
  /** Of a file of this name, without regard to case; `*` stands for any characters, `?` for one. With `/` it is the path in its scene. */
  z.strictObject({ is: z.literal('name'), pattern: z.string().min(1).max(1000) }),
]);
export type RuleLeaf = z.output<typeof ruleLeaf>;

/**
 * All of some conditions (of none: every photo), any of some (of none: no photo), or not one. `engine/collections/rules.ts` reads it.
 */
export type Rule =
  | RuleLeaf
  | { readonly is: 'all'; readonly of: readonly Rule[] }
  | { readonly is: 'any'; readonly of: readonly Rule[] }
  | { readonly is: 'not'; readonly of: Rule };

/** Conditions below each other, and in all. */
export const DEEPEST_RULE = 20;
export const LARGEST_RULE = 1000;

/** What a rule gives now. */
export const rulePreview = z.object({
  /** Photos that it gives. */
  total: count,
  /** Name of a list of them, for `collections.page`. */
  list: z.string(),
  /** Of a smart collection: photos that it does not hold yet, and photos that it holds and would not. Null without a collection. */
  added: count.nullable(),
  removed: count.nullable(),
  /** What a person should know: photos without descriptors or measures, exemplars that are gone. */
  notes: z.array(z.string()),
});
export type RulePreview = Facts<typeof rulePreview>;
