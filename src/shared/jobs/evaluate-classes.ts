import { counted } from '../counted.ts';
import { z } from 'zod';
import { device } from '../facts/backends.ts';
import { count } from '../facts/facts.ts';
import { backend, folder, network, seed, size } from '../fields.ts';
import { atOf100 } from '../precision.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

/** Measures a network on the classes of a folder, as for CUB (methods.md 5.5). The photos need not be in the library. */
export const evaluateClassesJob = job({
  kind: 'evaluate-classes',
  title: (p) => `Measure on the classes of ${baseName(p.classes)}`,
  startedBy: 'host',
  params: z.strictObject({
    classes: folder.meta({
      label: 'Folder',
      help: 'a folder with a subfolder for each class; Recall@K and NMI, as for CUB',
      pick: 'classes',
    }),
    network: network.optional(),
    size: size.optional(),
    backend: backend.optional().meta({ advanced: true }),
    seed: seed.optional().meta({ help: 'of the starts of k-means' }),
  }),
  result: z.object({
    network: z.string(),
    photos: count,
    classes: count,
    dim: count,
    /** Share of photos with one of their class among the K nearest others. */
    recallAtK: z.record(z.string(), z.number()),
    nmi: z.number(),
    /** Starts of k-means, of which the best was taken. */
    starts: count,
    device,
  }),
  said: (r) => [
    `${counted(r.photos, 'photo')} of ${counted(r.classes, 'class', 'classes')}, ${counted(r.dim, 'dimension')}`,
    `Recall ${atOf100(r.recallAtK, '@')}`,
    `NMI ${r.nmi.toFixed(4)} (k-means, best of ${r.starts} starts)`,
  ],
});
