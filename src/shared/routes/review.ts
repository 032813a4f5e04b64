import { z } from 'zod';
import { historyLine, reviewProgress, turned, VERDICTS } from '../facts/tuples.ts';
import { id, none, onceKey, rowNumber } from '../fields.ts';
import { route } from './route.ts';

/** What a person said of two photos, by content hash; run and tuple say where they were looking. */
export const judgement = z.strictObject({
  query: id,
  other: id,
  aspect: z.enum(['positive', 'negative', 'note']),
  verdict: z.enum([...VERDICTS, 'note']),
  replacement: id.optional(),
  note: z.string().max(10_000).optional(),
  run: rowNumber.optional(),
  tuple: z.int().min(0).optional(),
  /** An answer about a negative: it holds for all negatives of the run that are of the same two places. */
  everyPair: z.boolean().optional(),
});
export type JudgementParams = z.infer<typeof judgement>;

export const reviewRoutes = {
  'review.progress': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ run: rowNumber }),
    result: reviewProgress,
  }),
  'review.decide': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({
      label: z.string().min(1).max(200),
      judgements: z.array(judgement).min(1).max(10_000),
      once: onceKey,
    }),
    result: z.object({ action: z.int() }),
  }),
  'review.history': route({ who: 'page', repeat: 'safe', params: none, result: historyLine }),
  /** Undoes or redoes until an action of the history is the last in force; null goes before the first. */
  'review.goTo': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ action: rowNumber.nullable(), once: onceKey }),
    result: z.object({ turned: z.int() }),
  }),
  /** What was undone; null where there was nothing. */
  'review.undo': route({ who: 'page', repeat: 'once', params: z.strictObject({ once: onceKey }), result: turned }),
  'review.redo': route({ who: 'page', repeat: 'once', params: z.strictObject({ once: onceKey }), result: turned }),
};
