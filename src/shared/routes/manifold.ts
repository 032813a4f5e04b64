import { z } from 'zod';
import { manifoldGraph, manifoldView } from '../facts/manifold.ts';
import { id, set, size } from '../fields.ts';
import { route } from './route.ts';

const graph = {
  set: set.optional(),
  network: id.optional(),
  size: size.optional(),
  k: z.int().min(2).max(1000).optional(),
};

export const manifoldRoutes = {
  /** What stands around a photo by similarity and along the manifold; what is left out is as in mining. */
  'manifold.around': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({
      photo: id,
      ...graph,
      positivesK: z.int().min(1).max(10_000).optional(),
      negativesK: z.int().min(1).max(100_000).optional(),
    }),
    result: manifoldView,
  }),
  /** How far the graph is in which a photo stands among all others; asked for, it is computed. */
  'manifold.graph': route({ who: 'page', repeat: 'safe', params: z.strictObject(graph), result: manifoldGraph }),
};
