import { collectionMetadataJob } from '../../../shared/jobs/collection-metadata.ts';
import { takeMetadata } from '../collections/metadata/take.ts';
import { work } from './work.ts';

export const collectionMetadataWork = work(collectionMetadataJob, async (library, { collection, replace }, task) => {
  const report = await takeMetadata(library, collection, replace, task);
  task.changed('collections');
  return report;
});
