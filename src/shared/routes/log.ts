import { z } from 'zod';
import { route } from './route.ts';

export const logRoutes = {
  /** An error that nobody caught in the page. */
  'log.page': route({
    who: 'page',
    params: z.strictObject({
      message: z.string().max(2000),
      stack: z.string().max(8000).optional(),
      /** Path of the view that was shown. */
      view: z.string().max(200),
    }),
    result: z.null(),
  }),
};
