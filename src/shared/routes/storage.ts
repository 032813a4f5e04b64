import { z } from 'zod';
import { storageReport } from '../facts/storage.ts';
import { route } from './route.ts';

export const storageRoutes = {
  /**
   * What takes how much, what it is made of, what can go and what stays. Looks at every file of the library; `few` at those that are looked at
   * in no time.
   */
  'storage.report': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ look: z.enum(['all', 'few']).default('all') }),
    result: storageReport,
  }),
};
