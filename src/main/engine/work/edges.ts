import { edgesJob } from '../../../shared/jobs/edges.ts';
import { edgeFolder } from '../edges/edge-folder.ts';
import { work } from './work.ts';

export const edgesWork = work(edgesJob, (_library, p, task) => edgeFolder(p, task));
