/** What a person chose for every library. */
import { z } from 'zod';
import type { Facts } from './facts.ts';

export const settings = z
  .strictObject({
    /** Keys by action. */
    keys: z.record(z.string().max(40), z.array(z.string().max(40)).max(8)),
  })
  .partial();
export type Settings = Facts<typeof settings>;
