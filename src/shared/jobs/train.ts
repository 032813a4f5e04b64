import { z } from 'zod';
import { POOLINGS, epochInfo } from '../domain.ts';
import { collectionSubset } from '../facts/collections.ts';
import { defaultDecision } from '../facts/networks.ts';
import { trainingMemory } from '../facts/training.ts';
import { count } from '../facts/facts.ts';
import { collection, domain, rowNumber } from '../fields.ts';
import { job } from './job.ts';
import { decisionFields, freeze, memory, trainingFields, warmStart } from './training-fields.ts';

/** Fine-tunes a network on tuples, or takes up a run that was cut short. */
export const trainJob = job({
  kind: 'train',
  title: (p) => (p.resume === undefined ? 'Train' : `Resume training run ${p.resume}`),
  startedBy: 'page',
  brings: () => ['training'],
  params: z.strictObject({
    ...trainingFields,
    ...decisionFields,
    domain: domain.optional().meta({ help: 'photos, or edges: an EdgeMAC network on edge maps of the photos' }),
    pooling: z
      .enum(POOLINGS)
      .optional()
      .meta({ label: 'Pooling', help: 'for edges mac or gem', otherwise: 'the network’s own' }),
    name: z
      .string()
      .min(1)
      .max(120)
      .optional()
      .meta({ label: 'Name', help: 'what to call the trained network', flag: 'out', value: 'name' }),
    detector: z.string().min(1).max(4096).optional().meta({
      label: 'Detector of edges',
      help: 'detector of its edges: covis-edges-1, classical, or an ONNX file',
      otherwise: 'covis-edges-1',
      value: 'detector',
      page: false,
      pick: 'detector',
    }),
    /** As `detector: 'classical'`, for those who choose a file for it. */
    classical: z.boolean().optional().meta({ label: 'Edges by gradients alone' }),
    freeze: freeze.optional(),
    warmStart,
    collection: collection.optional(),
    /** Manifold run that is trained on. */
    pools: rowNumber
      .optional()
      .meta({ label: 'Pools', help: 'manifold run whose pools are trained on, instead of mining geometry each epoch' }),
    memory,
    /** A training run to take up where it stopped. */
    resume: rowNumber.optional().meta({
      help: 'takes a run up at its last checkpoint; of the rest only the back end, the precision and the memory can be chosen then',
    }),
  }),
  result: z.object({
    run: z.int(),
    network: z.string(),
    backend: z.string(),
    device: z.string(),
    epochs: z.array(epochInfo),
    /** What the epochs' mAP is of. */
    measured: z.string().default('held-out places'),
    tuples: count,
    seconds: z.number(),
    /** Of these seconds, what the comparison with the default took in one fold; left out where it has several or was none. */
    comparing: z.number().optional(),
    peakMemoryBytes: z.number(),
    /** As it was estimated before; null for back ends that plan by themselves. */
    memory: trainingMemory.nullable().default(null),
    /** What the loss was multiplied by in the end, and how many of the steps were left out for it; left out in single precision. */
    scaling: z.object({ scale: z.number(), skipped: count, steps: count }).optional(),
    /** Whether the network is the library's default now; null where the run is an experiment or changed no weight. */
    standing: defaultDecision.nullable(),
    /** What stayed as it was and what learned, in words; left out where everything learned. */
    frozen: z.string().optional(),
    collection: collectionSubset.optional(),
  }),
});
