import { z } from 'zod';
import {
  evaluationInfo,
  measurementDetail,
  measurementInfo,
  pairedTest,
  PROTOCOLS,
  truthInfo,
  truthReport,
} from '../facts/measurements.ts';
import { id, none, rowNumber } from '../fields.ts';
import { route } from './route.ts';

export const measurementRoutes = {
  'evaluations.list': route({ who: 'page', repeat: 'safe', params: none, result: z.array(evaluationInfo) }),
  'truths.list': route({ who: 'page', repeat: 'safe', params: none, result: z.array(truthInfo) }),
  /** Takes an uploaded file as a ground truth. */
  'truths.add': route({
    who: 'page',
    params: z.strictObject({ upload: id, name: z.string().max(255), protocol: z.enum(PROTOCOLS) }),
    result: truthReport,
  }),
  'measurements.list': route({ who: 'page', repeat: 'safe', params: none, result: z.array(measurementInfo) }),
  'measurements.detail': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ id: rowNumber }),
    result: measurementDetail,
  }),
  /** Whether b differs from a on the same queries. */
  'measurements.paired': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ a: rowNumber, b: rowNumber }),
    result: pairedTest,
  }),
};
