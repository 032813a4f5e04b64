import { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { FITS, POOLINGS, type NetworkSpec } from '../../../shared/domain.ts';
import type { Graph } from './onnx/graph.ts';

const KEY = 'covis';
const triple = z.tuple([z.number(), z.number(), z.number()]);
const side = z.int().min(1).max(8192);
const specSchema = z.object({
  name: z.string(),
  dim: z.int().positive(),
  features: z.string(),
  origin: z.string(),
  licence: z.string(),
  preprocess: z.object({ order: z.enum(['RGB', 'BGR']), scale: z.number(), mean: triple, std: triple }),
  pooling: z.enum(POOLINGS).optional(),
  experiment: z.boolean().optional(),
  scales: z.array(z.number().min(0.1).max(4)).min(1).max(16).optional(),
  whitening: z
    .object({
      method: z.enum(['learned', 'pca']),
      pairs: z.int().min(0),
      descriptors: z.int().min(0),
      from: z.int().positive(),
      shrinkage: z.number().min(0),
      size: z.int().positive(),
      seed: z.int(),
    })
    .optional(),
  edges: z
    .object({
      detector: z.string().regex(/^[\w.-]{1,64}$/),
      scales: z.array(z.number().min(0.1).max(4)).min(1).max(16),
      mirror: z.boolean(),
      padding: z.int().min(0).max(256),
    })
    .optional(),
  taken: z
    .object({
      kind: z.enum(['map', 'vector']),
      kept: z.int().min(0),
      nodes: z.int().min(0),
      dropped: z.array(z.string()),
      droppedWeights: z.int().min(0),
      weights: z.int().min(0),
      why: z.string(),
    })
    .optional(),
  input: z
    .object({
      height: side.optional(),
      width: side.optional(),
      fit: z.enum(FITS).optional(),
      multiple: z.int().min(1).max(256).optional(),
      alone: z.boolean().optional(),
    })
    .refine((i) => (i.height === undefined) === (i.width === undefined))
    .optional(),
  operators: z.array(z.string()).max(500).optional(),
  size: side.optional(),
});

/**
 * Writes what the network is into the graph's metadata, where any ONNX reader shows it. Its parts always come in the order of the
 * schema, because a network's id is the hash of its file: read and written again it is the same network.
 */
export function writeSpec(graph: Graph, spec: NetworkSpec): void {
  graph.metadata.set(KEY, JSON.stringify(specSchema.parse(spec)));
}

/** The spec inside a network that Covis wrote; undefined for foreign files. @throws `INPUT_CORRUPT` for a damaged one. */
export function readSpec(graph: Graph, file: string): NetworkSpec | undefined {
  const text = graph.metadata.get(KEY);
  if (text === undefined) return undefined;
  try {
    return specSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CovisError('INPUT_CORRUPT', 'The description that Covis keeps inside its networks is damaged', {
      file,
      cause,
    });
  }
}
