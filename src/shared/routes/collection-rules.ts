import { z } from 'zod';
import { foldOptions, foldReport, nextPhotos } from '../facts/collection-choices.ts';
import { exemplars, rulePreview } from '../facts/collection-rules.ts';
import { count } from '../facts/facts.ts';
import { qualityField, qualityHistogram } from '../facts/quality.ts';
import { id, onceKey } from '../fields.ts';
import { chosenPhotos } from './collections.ts';
import { route } from './route.ts';

/** Any JSON; what is no rule is refused with the place in the tree that is wrong. */
const rule = z.unknown();
/** Groups of near duplicates of which one message tells: from one on, so many. */
const groups = { at: z.int().min(0).default(0), limit: z.int().min(0).max(200).default(50) };
const done = z.object({
  /** The action of the one history of undo; null where there was nothing to do. */
  action: z.int().nullable(),
});
const photos = z.array(id).min(1).max(10_000);

export const collectionRuleRoutes = {
  /** How a field is spread over all photos, or over some, or over those that a rule gives. */
  'quality.histogram': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({
      field: qualityField,
      bins: z.int().min(1).max(1000).default(40),
      ...chosenPhotos,
      rule: rule.optional(),
    }),
    result: qualityHistogram,
  }),
  /** What a rule gives now, as a list; of a smart collection, what it would change. */
  'rules.preview': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ rule: rule.optional(), collection: id.optional() }),
    result: rulePreview,
  }),
  /** Brings a smart collection to what its rule gives now. */
  'rules.refresh': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ collection: id, once: onceKey }),
    result: done.extend({ added: count, removed: count, notes: z.array(z.string()) }),
  }),

  /** Folds that are proposed; `apply` brings them into force. What a person said of folds stays. */
  'folds.propose': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({
      ...foldOptions.shape,
      ...groups,
      apply: z.boolean(),
      once: onceKey,
    }),
    result: foldReport.extend(done.shape),
  }),
  /** What a person says: photos under another; a photo for its group; photos for themselves; or nothing any more. */
  'folds.edit': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({
      edit: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('fold'), head: id, photos }),
        z.strictObject({ kind: z.literal('head'), photo: id }),
        z.strictObject({ kind: z.literal('unfold'), photos }),
        z.strictObject({ kind: z.literal('forget'), photos }),
      ]),
      once: onceKey,
    }),
    result: done.extend({ changed: count }),
  }),
  /** Of each of some photos, in the order asked: what it is folded under (null), and how many are folded under it. For marks on thumbnails. */
  'folds.under': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ photos: z.array(id).min(1).max(5000) }),
    result: z.object({ under: z.array(z.string().nullable()), folds: z.array(count) }),
  }),
  /** Folds the near duplicates of a collection as the library has them. */
  'folds.collection': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ collection: id, once: onceKey }),
    result: done.extend({ folded: count }),
  }),

  /** Photos to be judged next; `collections.add` says that they belong, `collections.remove` with `judge` that they do not. */
  'exemplars.next': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({
      exemplars,
      set: z.string().min(1).max(4096),
      n: z.int().min(1).max(1000).default(20),
      by: z.enum(['uncertainty', 'diversity']).default('uncertainty'),
      among: rule.optional(),
    }),
    result: nextPhotos.extend({ list: z.string() }),
  }),
};
