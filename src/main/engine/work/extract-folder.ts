import { extractFolderJob } from '../../../shared/jobs/extract-folder.ts';
import { loadNetwork, resolveNetwork } from '../network/networks.ts';
import { describeFolder } from '../retrieval/extract-folder.ts';
import { work } from './work.ts';

export const extractFolderWork = work(extractFolderJob, async (library, p, task) =>
  describeFolder(loadNetwork(library, await resolveNetwork(library, p.network, 'default')), p, task),
);
