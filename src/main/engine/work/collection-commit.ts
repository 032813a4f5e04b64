import { collectionCommitJob } from '../../../shared/jobs/collection-commit.ts';
import { commitCollection } from '../collections/commit.ts';
import { work } from './work.ts';

export const collectionCommitWork = work(collectionCommitJob, async (library, p, task) => {
  const report = await commitCollection(library, p, task);
  if (report.gone.length > 0)
    task.warn(
      `${report.gone.length} of ${report.items} photos of this version have no file now; they are in it by their SHA-256: ${report.gone.slice(0, 3).join(', ')}${report.gone.length > 3 ? ', …' : ''}`,
    );
  task.changed('collections');
  return report;
});
