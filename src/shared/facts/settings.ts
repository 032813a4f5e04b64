/** What a person chose for every library. */
import { z } from 'zod';
import { BACKENDS, PRECISIONS } from './backends.ts';
import type { Facts } from './facts.ts';

export const settings = z
  .strictObject({
    /** Keys by action. */
    keys: z.record(z.string().max(40), z.array(z.string().max(40)).max(8)),
    /** Whether the row of steps is shown; it is where this is left out. */
    steps: z.boolean(),
    /** {@link CHECKPOINTS_KEPT} where it is left out. */
    checkpoints: z.int().min(0).max(10_000),
    /** {@link THUMBNAILS_MB} where it is left out. */
    thumbnailsMb: z.int().min(50).max(10_000_000),
    /** What computes where nothing else is said; `auto` where it is left out. */
    backend: z.enum(BACKENDS),
    /** Of what is described or trained anew where nothing else is said; `single` where it is left out. */
    precision: z.enum(PRECISIONS),
  })
  .partial();
export type Settings = Facts<typeof settings>;
