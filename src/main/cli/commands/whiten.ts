import { counted } from '../../../shared/counted.ts';
import { jobCommand } from '../program/job.ts';

export const whiten = jobCommand('whiten', {
  name: 'whiten',
  summary: 'learn a whitening on the training places; the network that ends in it is a new one',
  lines: (r) => [
    `Network ${r.network}: ${r.name}, ${counted(r.dim, 'dimension')}`,
    `${r.whitening.method === 'learned' ? counted(r.whitening.pairs, 'pair') : 'PCA'}, ${counted(r.whitening.descriptors, 'descriptor')}, shrinkage ${r.whitening.shrinkage}`,
  ],
});
