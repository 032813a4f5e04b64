import { z } from 'zod';
import { commitReport } from '../facts/collections.ts';
import { job } from './job.ts';

/** A collection of the library as a person names it. */
export const collectionName = z.string().min(1).max(4096).meta({
  label: 'Collection',
  help: 'name or id of a collection',
  value: 'name',
  page: 'id',
});

/** Makes a version of a collection as it is now; computes the SHA-256 of photos that have none yet. */
export const collectionCommitJob = job({
  kind: 'collection-commit',
  title: () => 'Commit a collection',
  startedBy: 'page',
  params: z.strictObject({
    collection: collectionName,
    message: z.string().max(10_000).default('').meta({ label: 'Message', help: 'what is new in it', value: 'text' }),
    author: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ label: 'Author', help: 'who made it', otherwise: 'the name of this account', value: 'name' }),
    tag: z.string().min(1).max(100).optional().meta({ label: 'Tag', help: 'a name for the version', value: 'tag' }),
  }),
  result: commitReport,
});
