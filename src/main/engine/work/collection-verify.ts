import { collectionVerifyJob } from '../../../shared/jobs/collection-verify.ts';
import { verifyFolder } from '../collections/verify.ts';
import { work } from './work.ts';

export const collectionVerifyWork = work(collectionVerifyJob, (_library, { folder, ...p }, task) =>
  verifyFolder(folder, p, task),
);
