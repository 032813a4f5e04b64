import { z } from 'zod';
import { manifoldView } from '../facts/manifold.ts';
import { id, set, size } from '../fields.ts';
import { route } from './route.ts';

export const manifoldRoutes = {
  /** What stands around a photo by similarity and along the manifold; what is left out is as in mining. */
  'manifold.around': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({
      photo: id,
      set: set.optional(),
      network: id.optional(),
      size: size.optional(),
      k: z.int().min(2).max(1000).optional(),
      positivesK: z.int().min(1).max(10_000).optional(),
      negativesK: z.int().min(1).max(100_000).optional(),
    }),
    result: manifoldView,
  }),
};
