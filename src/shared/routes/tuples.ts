import { z } from 'zod';
import { miningRunInfo, runComparison } from '../facts/mining.ts';
import { STRATEGY_BITS, type TupleStrategy } from '../facts/strategies.ts';
import { TUPLE_SORTS, tupleInfo, tupleList } from '../facts/tuples.ts';
import { id, none, rowNumber } from '../fields.ts';
import { route } from './route.ts';

const range = z.strictObject({ min: z.number().optional(), max: z.number().optional() });

/** What a list of tuples is narrowed to; all that is given has to hold. */
export const tupleFilter = z
  .strictObject({
    cluster: id,
    strategy: z.enum(Object.keys(STRATEGY_BITS) as [TupleStrategy, ...TupleStrategy[]]),
    similarity: range,
    hardest: range,
    shared: range,
    decision: z.enum(['none', 'any', 'accept', 'reject', 'swap', 'same-object', 'note']),
    disagreement: z.boolean(),
    /** A run: only pairs that it does not have. */
    newSince: rowNumber,
  })
  .partial();
export type TupleFilterParams = z.infer<typeof tupleFilter>;

const list = z.string().regex(/^l\d{1,15}$/);

export const tupleRoutes = {
  'tuples.runs': route({ who: 'page', repeat: 'safe', params: none, result: z.array(miningRunInfo) }),
  /** Puts a run's tuples in order once; pages are then read by the list's name. */
  'tuples.open': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ run: rowNumber, filter: tupleFilter, sort: z.enum(TUPLE_SORTS) }),
    result: tupleList,
  }),
  'tuples.page': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ list, from: z.int().min(0), limit: z.int().min(1).max(500) }),
    result: z.object({ tuples: z.array(tupleInfo) }),
  }),
  /** Position in the list; -1 where the list does not have the tuple. */
  'tuples.find': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ list, index: z.int().min(0) }),
    result: z.object({ position: z.int().min(-1) }),
  }),
  'tuples.compare': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ a: rowNumber, b: rowNumber }),
    result: runComparison,
  }),
};
