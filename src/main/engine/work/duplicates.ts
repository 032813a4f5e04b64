import { duplicatesJob } from '../../../shared/jobs/duplicates.ts';
import { computeLooks, duplicateGroups } from '../features/duplicates.ts';
import { work } from './work.ts';

export const duplicatesWork = work(duplicatesJob, async (library, _, task) => {
  await computeLooks(library, task);
  return { groups: duplicateGroups(library).length };
});
