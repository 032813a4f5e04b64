import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { device } from '../facts/backends.ts';
import { backend, network, precision, size } from '../fields.ts';
import { job } from './job.ts';

/** Describes R-MAC's regions of every photo. */
export const regionsJob = job({
  kind: 'regions',
  title: () => 'Describe regions',
  startedBy: 'page',
  params: z.strictObject({
    network: network.optional(),
    size: size.optional(),
    backend: backend.optional().meta({ advanced: true }),
    precision: precision.optional().meta({ otherwise: 'single, or the setting' }),
    half: z.boolean().default(true).meta({ label: 'Half precision', help: 'keep it as float32' }),
  }),
  result: z.object({ set: z.string(), photos: count, rows: count, dim: count, device }),
});
