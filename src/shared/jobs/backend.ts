import { z } from 'zod';
import { ADDABLE, backend } from '../facts/backends.ts';
import { job } from './job.ts';

/** What is added: one that does not come with Covis. */
export const addable = z.enum(ADDABLE).meta({ label: 'Back end', help: ADDABLE.join(' or '), value: 'which' });
export const gpuBuild = z
  .boolean()
  .default(false)
  .meta({ label: 'For the card', help: 'of tensorflow: the build for NVIDIA cards with CUDA 11' });

/** Installs what a back end needs beside the settings, and computes with it; or takes it away again. */
export const backendJob = job({
  kind: 'backend',
  title: (p) => `${p.remove ? 'Remove' : 'Add'} ${p.add}`,
  startedBy: 'page',
  params: z.strictObject({
    add: addable,
    gpu: gpuBuild,
    remove: z.boolean().default(false).meta({ label: 'Remove', help: 'take away what was added' }),
  }),
  /** What answered; null where it was removed. */
  result: z.object({ added: z.string(), report: backend.nullable() }),
});
