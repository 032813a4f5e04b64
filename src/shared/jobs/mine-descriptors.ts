import { counted } from '../counted.ts';
import { z } from 'zod';
import { manifoldParameters } from '../facts/manifold.ts';
import { count } from '../facts/facts.ts';
import { file, force, manifold } from '../fields.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

/** Mines pools on the manifold of descriptors of a file. The library has no part in it. */
export const mineDescriptorsJob = job({
  kind: 'mine-descriptors',
  title: (p) => `Mine ${baseName(p.descriptors)}`,
  startedBy: 'host',
  params: z.strictObject({
    descriptors: file.meta({
      label: 'Descriptors',
      help: 'raw descriptors instead of a library: .npy, .mat, .h5',
      pick: 'vectors',
    }),
    out: file.meta({
      label: 'Where to',
      help: 'pools as one JSON object a line',
      pick: 'into',
      made: 'pools.jsonl',
    }),
    manifold: manifold.optional().meta({ label: 'Manifold' }),
    force,
  }),
  result: z.object({
    descriptors: count,
    edges: count,
    /** Descriptors of the largest component. */
    component: count,
    anchors: count,
    pools: count,
    /** Anchors of which a pool is empty. */
    skipped: count,
    seconds: z.number(),
    parameters: manifoldParameters,
    out: z.string(),
  }),
  said: (r) => [
    `${r.pools} pools of ${r.anchors} anchors, ${r.skipped} left out because a pool is empty, in ${r.seconds.toFixed(1)} s`,
    `graph: ${counted(r.descriptors, 'descriptor')}, ${counted(r.edges, 'edge')}, the largest component has ${r.component}`,
    `written to ${r.out}`,
  ],
});
