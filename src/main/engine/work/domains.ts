import { domainsJob } from '../../../shared/jobs/domains.ts';
import { libraryDomainNetworks } from '../domains/domain-networks.ts';
import { domainGeneralisation } from '../domains/generalisation.ts';
import { storeExperiment } from '../library/experiments.ts';
import { work } from './work.ts';

export const domainsWork = work(domainsJob, async (library, p, task) => {
  const { folder, fineTuned, edges, drawn, seeds } = p;
  const networks = await libraryDomainNetworks(library, { pretrained: p.network, fineTuned, edges });
  const report = await domainGeneralisation(networks, { folder, drawn, seeds }, task, library);
  storeExperiment(library, 'domains', folder, report);
  task.changed('experiments');
  return report;
});
