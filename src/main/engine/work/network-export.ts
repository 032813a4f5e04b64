import { networkExportJob } from '../../../shared/jobs/network-export.ts';
import { loadNetwork, resolveNetwork } from '../network/networks.ts';
import { writeNetwork } from '../network/write-network.ts';
import { work } from './work.ts';

export const networkExportWork = work(networkExportJob, async (library, p, task) => {
  const network = loadNetwork(library, await resolveNetwork(library, p.network, 'default'));
  task.step(`Writing ${network.spec.name}`, 0, '');
  return writeNetwork(network, p);
});
