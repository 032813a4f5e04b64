import { whitenJob } from '../../../shared/jobs/whiten.ts';
import { SCALES } from '../network/multi-scale.ts';
import { resolveNetwork } from '../network/networks.ts';
import { whitenNetwork } from '../training/whiten.ts';
import { askedSize } from './asked.ts';
import { work } from './work.ts';

export const whitenWork = work(whitenJob, async (library, p, task) => {
  const network = await resolveNetwork(library, p.network, 'default');
  return whitenNetwork(
    library,
    network,
    {
      ...p.whiten,
      scales: p.whiten.scales === 'multi' ? SCALES : p.whiten.scales,
      size: askedSize(p.size, network),
      seed: p.seed ?? 0,
    },
    task,
  );
});
