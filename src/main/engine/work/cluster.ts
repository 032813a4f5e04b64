import { clusterJob } from '../../../shared/jobs/cluster.ts';
import { narrowed, noteSubset } from '../library/collection-subset.ts';
import { clusterPhotos } from '../clustering/cluster.ts';
import { work } from './work.ts';

export const clusterWork = work(clusterJob, (library, p, task) =>
  narrowed(library, p.collection, async () => ({ ...(await clusterPhotos(library, p, task)), ...noteSubset(library) })),
);
