import { regionsJob } from '../../../shared/jobs/regions.ts';
import { resolveNetwork } from '../network/networks.ts';
import { extractRegions } from '../retrieval/feature-maps.ts';
import { askedSize } from './asked.ts';
import { work } from './work.ts';

export const regionsWork = work(regionsJob, async (library, p, task) => {
  const network = await resolveNetwork(library, p.network, 'default');
  return extractRegions(library, network, askedSize(p.size, network), p.half, task);
});
