import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { folder } from '../fields.ts';
import { job } from './job.ts';

/** Copies a library as it is at one moment, also while it is used. An earlier backup of it is brought up to date. */
export const backupJob = job({
  kind: 'backup',
  title: () => 'Back up the library',
  startedBy: 'host',
  params: z.strictObject({
    out: folder.meta({ help: 'folder of the backup: a new or an empty one, or an earlier backup of this library' }),
    without: z
      .array(z.enum(['derived']))
      .max(1)
      .default([])
      .meta({
        label: 'Without',
        help: 'derived: leaves out what can be computed again, descriptors among it',
        value: 'what',
      }),
    force: z
      .boolean()
      .default(false)
      .meta({ label: 'Replace', help: 'replaces a backup there that is damaged or of another library' }),
  }),
  result: z.object({
    out: z.string(),
    files: count,
    bytes: count,
    /** Of these, those that were taken from the earlier backup without being copied. */
    reused: count,
    copiedBytes: count,
    without: z.array(z.string()),
  }),
});
