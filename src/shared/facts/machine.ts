/** What the machine has on which the engine runs. */
import { z } from 'zod';
import { backend } from './backends.ts';
import { count, type Facts } from './facts.ts';

export const machineReport = z.object({
  covis: z.string(),
  node: z.object({ version: z.string(), path: z.string() }),
  machine: z.object({ cores: count, processor: z.string(), memoryBytes: count }),
  backends: z.array(backend),
  /** `hint` says how to get what is missing. */
  colmap: z.object({ version: z.string().nullable(), hint: z.string().nullable() }),
  electron: z.object({ version: z.string().nullable(), binary: z.boolean(), hint: z.string().nullable() }),
  disk: z.object({ path: z.string(), freeBytes: count }),
});
export type MachineReport = Facts<typeof machineReport>;
