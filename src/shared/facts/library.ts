/** Facts of the open library. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';
import { defaultNetwork, networkInfo } from './networks.ts';

export const libraryInfo = z.object({
  path: z.string(),
  name: z.string(),
  photos: count,
  scenes: count,
  clusters: count,
  points: count,
  pairs: count,
  networks: z.array(networkInfo),
  defaults: z.array(defaultNetwork),
  /** What describes photos; what trained a network is said by its run. */
  device: z.string(),
  version: z.string(),
  /** Why nothing can be written to it, as a sentence; missing where it can. */
  readOnly: z.exactOptional(z.string()),
});
export type LibraryInfo = Facts<typeof libraryInfo>;
