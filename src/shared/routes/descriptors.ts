import { z } from 'zod';
import { descriptorMap, setInfo } from '../facts/descriptors.ts';
import { id, none, set } from '../fields.ts';
import { route } from './route.ts';

export const descriptorRoutes = {
  'sets.list': route({ who: 'page', repeat: 'safe', params: none, result: z.array(setInfo) }),
  'sets.remove': route({ who: 'page', params: z.strictObject({ set: id }), result: z.null() }),
  /** Null where the set has no map yet. */
  'map.points': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ set }),
    result: descriptorMap.nullable(),
  }),
};
