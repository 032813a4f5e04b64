import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { job } from './job.ts';

/** What became of the files of one kind. */
const checked = z.object({
  what: z.string(),
  files: count,
  missing: count,
  /** Files that are there with another content than what they stand for, or that cannot be read. */
  damaged: count,
  /** The first of those that are missing or damaged. */
  examples: z.array(z.string()),
  /** How they come back. */
  remedy: z.string(),
});

/** Looks whether a library is whole. Nothing is changed. */
export const checkJob = job({
  kind: 'check',
  title: () => 'Check the library',
  startedBy: 'page',
  params: z.strictObject({
    full: z
      .boolean()
      .default(false)
      .meta({ label: 'Read every photo', help: 'reads every photo, also those whose size and time are as they were' }),
  }),
  result: z.object({
    /** What SQLite finds wrong in the database; empty where it is sound. */
    database: z.array(z.string()),
    parts: z.array(checked),
  }),
});
