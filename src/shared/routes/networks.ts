import { z } from 'zod';
import { catalogueEntry } from '../facts/networks.ts';
import { none } from '../fields.ts';
import { route } from './route.ts';

export const networkRoutes = {
  /** @property from where downloads come. */
  'networks.catalogue': route({
    who: 'page',
    params: none,
    result: z.object({ entries: z.array(catalogueEntry), from: z.string() }),
  }),
};
