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
  /** What is computed of those that are missing or damaged, or shown of them. */
  depends: z.array(z.string()).default([]),
  /** How many were made again; the counts above are what is left. */
  mended: count.default(0),
});

/** Looks whether a library is whole. Nothing is changed but by `repair` and `remove`. */
export const checkJob = job({
  kind: 'check',
  title: () => 'Check the library',
  startedBy: 'page',
  params: z.strictObject({
    full: z.boolean().default(false).meta({
      label: 'Read everything',
      help: 'reads every file and compares its digest, also where size and time are as they were',
    }),
    repair: z.boolean().default(false).meta({
      label: 'Repair',
      help: 'makes again what can be made again, also a damaged database of what can be read of it, and says what cannot',
    }),
    remove: z
      .boolean()
      .default(false)
      .meta({ label: 'Remove what is not used', help: 'removes files that nothing in the library refers to' }),
  }),
  result: z.object({
    /** What became of a damaged database; null where it was not recovered. */
    recovered: z
      .object({
        /** The damaged database, as it was. */
        kept: z.string(),
        tables: z.array(
          z.object({
            table: z.string(),
            rows: count,
            /** Null where nothing says how many there were. */
            lost: count.nullable(),
            pages: count,
            dangling: count,
            loosened: count,
          }),
        ),
        sources: z.array(z.string()),
        networks: z.array(z.string()),
      })
      .nullable()
      .default(null),
    /** What SQLite finds wrong in the database, and versions of collections that lost something; empty where all is sound. */
    database: z.array(z.string()),
    parts: z.array(checked),
    /** Files that nothing in the library refers to. */
    unused: z
      .object({ files: count, bytes: count, removed: z.boolean(), examples: z.array(z.string()) })
      .default({ files: 0, bytes: 0, removed: false, examples: [] }),
  }),
});
