import { jobCommand } from '../program/job.ts';

export const whiten = jobCommand('whiten', {
  name: 'whiten',
  summary: 'learn a whitening on the training places; the network that ends in it is a new one',
  lines: (r) => [
    `Network ${r.network}: ${r.name}, ${r.dim} dimensions`,
    `${r.whitening.method === 'learned' ? `${r.whitening.pairs} pairs` : 'PCA'}, ${r.whitening.descriptors} descriptors, shrinkage ${r.whitening.shrinkage}`,
  ],
});
