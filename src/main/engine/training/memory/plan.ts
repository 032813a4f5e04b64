/** How a training keeps within the memory that there is. */
import type { NetworkSpec, TrainingParameters } from '../../../../shared/domain.ts';
import type { ConcreteBackend } from '../../../../shared/facts/backends.ts';
import { CovisError } from '../../../../shared/errors.ts';
import type { TrainingMemory } from '../../../../shared/facts/training.ts';
import { frameOf } from '../../inputs/framing.ts';
import type { Library } from '../../library/library.ts';
import { integer, record, select } from '../../library/rows.ts';
import { memoryOf } from '../../network/device-memory.ts';
import { TUPLES_TOGETHER } from '../executor.ts';
import { webGpuAdapter } from '../../network/gpu.ts';
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

/** Share of the machine's memory that is left to what else runs there, and to estimates that are too low (docs/evidence.md). */
const SPARED = 0.25;

/**
 * How many photos of a tuple, or on a device of a step, go through the network at once, and what that takes.
 * @param network what learns of it. @param given bytes that may be taken, where a person said so.
 * @returns undefined for back ends that plan by themselves.
 * @throws CovisError `INPUT_INVALID` with the largest size that fits, where not even one photo does.
 */
export async function planMemory(
  network: Graph,
  backend: ConcreteBackend,
  { optimiser, mining, batch }: Pick<TrainingParameters, 'optimiser' | 'mining' | 'batch'>,
  shape: PhotoShape,
  given?: number,
): Promise<TrainingMemory | undefined> {
  const estimate = await MemoryEstimate.of(network, backend, optimiser);
  if (estimate === undefined) return undefined;
  // On a device the tuples of a step go together, on the processor one after the other.
  const photos = (2 + mining.count) * (backend === 'cpu' ? 1 : Math.min(batch, TUPLES_TOGETHER));
  const budget = given ?? (await memoryOf(backend));
  const atOnce = await mostTogether(estimate, backend, {
    photos,
    tuple: 2 + mining.count,
    shape,
    known: budget !== undefined,
  });
  const ofWhat = given !== undefined ? 'what may be taken' : backend === 'cpu' ? 'this machine' : 'the device';
  // A device refuses what it has no memory for; on the processor the system ends the program without a word.
  const spared = given === undefined && backend === 'cpu' ? SPARED : 0;
  const need =
    budget === undefined
      ? estimate.need(photos, atOnce, shape)
      : estimate.fitting(photos, atOnce, shape, { budget, ofWhat, spared });
  return {
    bytes: need.bytes,
    weightBytes: need.weights,
    activationBytes: need.activations,
    budgetBytes: budget ?? null,
    of: photos > 2 + mining.count ? 'step' : 'tuple',
    photos,
    photosAtOnce: need.photosAtOnce,
    width: shape.width,
    height: shape.height,
  };
}

/** Memory of TensorFlow over that of `cpu` at most, on the processor (test/bench/RESULTS.md). */
const TENSORFLOW_TIMES = 3;

/**
 * Photos that a back end takes at once where `auto` thinks of it; undefined where it plans by itself. @param planned {@link planMemory} of a back end.
 * @throws CovisError `INPUT_INVALID` where not one fits, and for TensorFlow, which cuts no tuple, where there is not clearly enough for a whole one.
 */
export async function photosAtOnce(
  planned: (on: ConcreteBackend) => Promise<TrainingMemory | undefined>,
  backend: ConcreteBackend,
): Promise<number | undefined> {
  if (backend !== 'tensorflow') return (await planned(backend))?.photosAtOnce;
  const { bytes, budgetBytes, photos, photosAtOnce: cut } = (await planned('cpu'))!;
  if (cut < photos || (budgetBytes !== null && TENSORFLOW_TIMES * bytes > budgetBytes))
    throw new CovisError(
      'INPUT_INVALID',
      `it takes up to ${TENSORFLOW_TIMES} times the memory of cpu, which is more than there is for these photos`,
    );
  return undefined;
}

/** Photos that go together before memory is asked. */
async function mostTogether(
  estimate: MemoryEstimate,
  backend: ConcreteBackend,
  step: { readonly photos: number; readonly tuple: number; readonly shape: PhotoShape; readonly known: boolean },
): Promise<number> {
  const { photos, tuple, shape, known } = step;
  if (backend === 'cpu') return photos * shape.width * shape.height > MOST_PIXELS ? 1 : photos;
  // Where nobody tells how much memory there is, no more is taken than one tuple needs.
  const most = known ? photos : tuple;
  const binding = backend === 'webgpu' ? (await webGpuAdapter())?.binding : undefined;
  return binding === undefined ? most : estimate.within(binding, most, shape);
}

/** In words, for who starts a run. */
export function memoryInWords(m: TrainingMemory): string {
  const of = m.budgetBytes === null ? '' : ` of the ${inGib(m.budgetBytes)}`;
  const cut =
    m.photosAtOnce < m.photos ? `, ${m.photosAtOnce} of the ${m.photos} photos of a ${m.of ?? 'tuple'} at a time` : '';
  return `Takes about ${inGib(m.bytes)}${of} of memory${cut}`;
}
