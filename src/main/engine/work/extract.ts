import { extractJob } from '../../../shared/jobs/extract.ts';
import { narrowed, noteSubset } from '../library/collection-subset.ts';
import { inputInWords } from '../../../shared/networks-in-words.ts';
import { edgeNetworkOf } from '../edges/library-networks.ts';
import { resolveNetwork } from '../network/networks.ts';
import { extract, refuseOtherPrecision } from '../retrieval/extract.ts';
import { askedSize } from './asked.ts';
import { work } from './work.ts';

export const extractWork = work(extractJob, (library, p, task) =>
  narrowed(library, p.collection, async () => {
    const network =
      p.domain === 'edges'
        ? await edgeNetworkOf(library, p.network)
        : await resolveNetwork(library, p.network, 'default');
    const size = askedSize(p.size, network);
    refuseOtherPrecision(library, network, size, p.precision);
    const set = await extract(library, network, size, task);
    const fitted = inputInWords(network.spec);
    return {
      network: network.uid,
      photos: set.ids.length,
      computed: set.computed,
      dim: set.dim,
      size,
      ...(fitted === undefined ? {} : { fitted }),
      ...noteSubset(library),
    };
  }),
);
