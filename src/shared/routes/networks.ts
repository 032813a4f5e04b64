import { z } from 'zod';
import { catalogueEntry, defaultNetwork } from '../facts/networks.ts';
import { id, none } from '../fields.ts';
import { route } from './route.ts';

export const networkRoutes = {
  /** @property from where downloads come. */
  'networks.catalogue': route({
    who: 'page',
    repeat: 'safe',
    params: none,
    result: z.object({ entries: z.array(catalogueEntry), from: z.string() }),
  }),
  /** Makes a network of the library the one that is taken where nobody names one. */
  'networks.default': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ network: id }),
    result: defaultNetwork,
  }),
};
