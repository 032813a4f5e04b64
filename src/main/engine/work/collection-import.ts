import { collectionImportJob } from '../../../shared/jobs/collection-import.ts';
import { importArchive, isArchive } from '../collections/import-archive.ts';
import { importVersion } from '../collections/import-version.ts';
import { work } from './work.ts';

export const collectionImportWork = work(collectionImportJob, async (library, p, task) => {
  const report = await (isArchive(p.folder) ? importArchive : importVersion)(library, p, task);
  task.changed('collections');
  if (report.imported > 0) task.changed('clusters');
  return report;
});
