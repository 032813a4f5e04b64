/** How a training keeps within the memory that there is. */
import type { NetworkSpec, TrainingParameters } from '../../../../shared/domain.ts';
import type { ConcreteBackend } from '../../../../shared/facts/backends.ts';
import type { TrainingMemory } from '../../../../shared/facts/training.ts';
import { frameOf } from '../../inputs/framing.ts';
import type { Library } from '../../library/library.ts';
import { integer, record, select } from '../../library/rows.ts';
import { memoryOf } from '../../network/device-memory.ts';
import type { Graph } from '../../network/onnx/graph.ts';
import { MOST_PIXELS } from '../ort-executor.ts';
import { inGib, MemoryEstimate, type PhotoShape } from './need.ts';

/** The photo of the library that is the largest at this size, as the network takes it. */
export function largestPhoto(library: Library, spec: Pick<NetworkSpec, 'input' | 'edges'>, size: number): PhotoShape {
  const frame = frameOf(spec);
  if (frame !== undefined) return frame;
  // Maps of edges are enlarged to their size, photos are not.
  const found = select(
    library.db,
    `SELECT width, height FROM (SELECT width, height, min(${spec.edges === undefined ? '1.0' : '1e9'}, ? * 1.0 / max(width, height)) AS scale FROM photo)
     ORDER BY width * height * scale * scale DESC LIMIT 1`,
    record({ width: integer, height: integer }),
  ).get(size);
  const { width, height } = found ?? { width: 4, height: 3 };
  const longest = Math.max(width, height);
  const scale = (found !== undefined && spec.edges === undefined ? Math.min(longest, size) : size) / longest;
  const multiple = spec.input?.multiple ?? 1;
  const side = (v: number): number => multiple * Math.ceil(Math.max(1, Math.round(v * scale)) / multiple);
  return { width: side(width), height: side(height) };
}

/**
 * How many photos of a tuple go through the network at once, and what that takes.
 * @param network what learns of it. @param given bytes that may be taken, where a person said so.
 * @returns undefined for back ends that plan by themselves.
 * @throws CovisError `INPUT_INVALID` with the largest size that fits, where not even one photo does.
 */
export async function planMemory(
  network: Graph,
  backend: ConcreteBackend,
  { optimiser, mining }: Pick<TrainingParameters, 'optimiser' | 'mining'>,
  shape: PhotoShape,
  given?: number,
): Promise<TrainingMemory | undefined> {
  const estimate = await MemoryEstimate.of(network, backend, optimiser);
  if (estimate === undefined) return undefined;
  const photos = 2 + mining.count;
  const budget = given ?? (await memoryOf(backend));
  const apart = backend === 'cpu' && photos * shape.width * shape.height > MOST_PIXELS;
  const atOnce = apart ? 1 : photos;
  const ofWhat = given !== undefined ? 'what may be taken' : backend === 'cpu' ? 'this machine' : 'the device';
  const need =
    budget === undefined
      ? estimate.need(photos, atOnce, shape)
      : estimate.fitting(photos, atOnce, shape, { budget, ofWhat });
  return {
    bytes: need.bytes,
    weightBytes: need.weights,
    activationBytes: need.activations,
    budgetBytes: budget ?? null,
    photos,
    photosAtOnce: need.photosAtOnce,
    width: shape.width,
    height: shape.height,
  };
}

/** In words, for who starts a run. */
export function memoryInWords(m: TrainingMemory): string {
  const of = m.budgetBytes === null ? '' : ` of the ${inGib(m.budgetBytes)}`;
  const cut = m.photosAtOnce < m.photos ? `, ${m.photosAtOnce} of the ${m.photos} photos of a tuple at a time` : '';
  return `Takes about ${inGib(m.bytes)}${of} of memory${cut}`;
}
