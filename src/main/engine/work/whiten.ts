import { whitenJob } from '../../../shared/jobs/whiten.ts';
import { narrowed, noteSubset } from '../library/collection-subset.ts';
import { SCALES } from '../network/multi-scale.ts';
import { resolveNetwork } from '../network/networks.ts';
import { whitenNetwork } from '../training/whiten.ts';
import { askedSize } from './asked.ts';
import { work } from './work.ts';

export const whitenWork = work(whitenJob, (library, p, task) =>
  narrowed(library, p.collection, async () => {
    const network = await resolveNetwork(library, p.network, 'default');
    const made = await whitenNetwork(
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
    return { ...made, ...noteSubset(library) };
  }),
);
