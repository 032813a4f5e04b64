import { clusterJob } from '../../../shared/jobs/cluster.ts';
import { clusterPhotos } from '../clustering/cluster.ts';
import { work } from './work.ts';

export const clusterWork = work(clusterJob, clusterPhotos);
