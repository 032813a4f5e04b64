import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { REMOVABLE } from '../facts/removable.ts';
import { job } from './job.ts';

const AGE = /^[1-9]\d{0,4}[dhw]$/;

/** Removes what a person named of what a library takes on its disk. It cannot be undone; without `yes` it is only said what would go. */
export const cleanJob = job({
  kind: 'clean',
  title: ({ vacuum, remove, networks, allDerived }) =>
    vacuum && remove.length + networks.length === 0 && !allDerived ? 'Compact the database' : 'Clean the library',
  startedBy: 'page',
  params: z.strictObject({
    remove: z
      .array(
        z
          .string()
          .max(200)
          .refine((r) => REMOVABLE.includes(r.split(':')[0] as never), {
            error: `a kind out of ${REMOVABLE.join(', ')}, or one thing of it as KIND:THING`,
          }),
      )
      .max(10_000)
      .default([])
      .meta({ label: 'Remove', help: `kinds out of ${REMOVABLE.join(', ')}; or one thing of it as KIND:THING` }),
    allDerived: z.boolean().default(false).meta({
      label: 'All that can be computed again',
      help: 'everything that is computed of photos, models and networks, and computed again alike',
    }),
    networks: z
      .array(z.string().min(1).max(4096))
      .max(1000)
      .default([])
      .meta({ label: 'Networks', help: 'networks by name or content hash, with their descriptors', flag: 'network' }),
    olderThan: z
      .string()
      .regex(AGE, { error: 'an age as 12h, 30d or 8w' })
      .optional()
      .meta({ label: 'Older than', help: 'only what was written before that, as 12h, 30d or 8w', value: 'age' }),
    vacuum: z
      .boolean()
      .default(false)
      .meta({ label: 'Compact the database', help: 'gives the free pages of the database back to the disk' }),
    force: z.boolean().default(false).meta({
      label: 'Also what records name',
      help: 'also what is kept because records name it or the default network needs it; the records stay',
    }),
    yes: z
      .boolean()
      .default(false)
      .meta({ label: 'Remove now', help: 'removes what was named; it cannot be undone. Otherwise nothing is removed' }),
  }),
  result: z.object({
    /** True where something was removed, false where it was only said what would be. */
    done: z.boolean(),
    removed: z.array(z.object({ kind: z.string(), name: z.string(), files: count, bytes: count })),
    /** What was named and stays, and why. */
    stays: z.array(z.object({ kind: z.string(), name: z.string(), why: z.string() })),
    files: count,
    bytes: count,
    /** Bytes that the database gave back to the disk; null where that was not asked for. */
    compacted: z.int().nullable(),
  }),
});
