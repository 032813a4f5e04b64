import { collectionExportJob } from '../../../shared/jobs/collection-export.ts';
import { exportCollection } from '../collections/exports/index.ts';
import { versionMaterial } from '../collections/version-material.ts';
import { work } from './work.ts';

export const collectionExportWork = work(collectionExportJob, async (library, p, task) => {
  const { collection, format, network, size, shardSize, ...how } = p;
  const wants = format.includes('gallery') || (format.includes('folder') && p.gallery);
  const needed = format.includes('descriptors');
  const material = await versionMaterial(library, collection, { network, size, needed, wanted: wants || needed }, task);
  const { version } = material.content;
  const report = await exportCollection(material, { ...how, formats: format, shardBytes: 1e6 * shardSize }, task);
  return { ...report, collection: version.collection, version: version.number };
});
