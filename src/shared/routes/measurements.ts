import { z } from 'zod';
import {
  evaluationInfo,
  measurementInfo,
  openedMeasurement,
  pairedTest,
  PROTOCOLS,
  QUERY_ORDERS,
  queryPage,
  truthInfo,
  truthReport,
} from '../facts/measurements.ts';
import { id, none, rowNumber } from '../fields.ts';
import { route } from './route.ts';

export const measurementRoutes = {
  'evaluations.list': route({ who: 'page', repeat: 'safe', params: none, result: z.array(evaluationInfo) }),
  'truths.list': route({ who: 'page', repeat: 'safe', params: none, result: z.array(truthInfo) }),
  /** Takes an uploaded file as a ground truth. `imlist`: one more, with the image of each row, for those that do not list them. */
  'truths.add': route({
    who: 'page',
    params: z.strictObject({
      upload: id,
      name: z.string().max(255),
      protocol: z.enum(PROTOCOLS),
      imlist: id.optional(),
    }),
    result: truthReport,
  }),
  /** Takes a folder of Oxford5k's text files, or a file, that was chosen of the engine's machine; `imlist` likewise. */
  'truths.take': route({
    who: 'page',
    params: z.strictObject({ chosen: id, protocol: z.enum(PROTOCOLS), imlist: id.optional() }),
    result: truthReport,
  }),
  'measurements.list': route({ who: 'page', repeat: 'safe', params: none, result: z.array(measurementInfo) }),
  'measurements.detail': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ id: rowNumber }),
    result: openedMeasurement,
  }),
  /** Some queries of a measurement, in an order; beside those of another one, if it is named. */
  'measurements.queries': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({
      id: rowNumber,
      with: rowNumber.optional(),
      order: z.enum(QUERY_ORDERS),
      from: z.int().min(0),
      limit: z.int().min(1).max(500),
    }),
    result: queryPage,
  }),
  /** Whether b differs from a on the same queries. */
  'measurements.paired': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ a: rowNumber, b: rowNumber }),
    result: pairedTest,
  }),
};
