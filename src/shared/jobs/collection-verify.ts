import { z } from 'zod';
import { VERIFY_LEVELS, verifyReport } from '../facts/verification.ts';
import { folder } from '../fields.ts';
import { job } from './job.ts';

/** Compares a folder with its own list of digests; of no library. */
export const collectionVerifyJob = job({
  kind: 'collection-verify',
  title: () => 'Verify an exported collection',
  startedBy: 'host',
  params: z.strictObject({
    folder: folder.meta({
      label: 'Folder',
      help: 'an exported collection, a bag, or any folder with manifest-sha256.txt or its like',
    }),
    level: z.enum(VERIFY_LEVELS).default('full').meta({
      label: 'Level',
      help: 'names alone, sizes too as far as they are known, or every byte',
    }),
    repair: folder.optional().meta({
      label: 'Repair from',
      help: 'looks for lost files by their digests in this folder, and puts them back',
    }),
    force: z.boolean().default(false).meta({
      label: 'Changed files too',
      help: 'with --repair: puts the right file over a changed one, which is otherwise kept',
      page: false,
    }),
  }),
  result: verifyReport,
});
