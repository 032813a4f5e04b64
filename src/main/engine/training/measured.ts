/** Networks under the protocol that a training run is measured with. */
import { CovisError } from '../../../shared/errors.ts';
import { meanAveragePrecision, type GeometryGroundTruth } from '../evaluation/geometry-protocol.ts';
import { InputMaker } from '../inputs/inputs.ts';
import type { Library } from '../library/library.ts';
import { loadNetwork, type NetworkRow } from '../network/networks.ts';
import { Runner, type GraphRunner } from '../network/runtime.ts';
import type { TaskContext } from '../queue/context.ts';
import { describePhotos, type DescriptorSet } from '../retrieval/extract.ts';

/** What turns photos into descriptors of `dim` dimensions. */
export interface Describing {
  readonly runner: GraphRunner;
  readonly maker: InputMaker;
  readonly dim: number;
}

/** Descriptors of these photos, without those that cannot be decoded. */
export async function describeAll(
  photos: readonly number[],
  step: string,
  { runner, maker, dim }: Describing,
  task: TaskContext,
): Promise<DescriptorSet> {
  const found: number[] = [];
  const data = new Float32Array(photos.length * dim);
  task.step(step, photos.length, 'photos');
  await describePhotos(runner, maker, photos, task, (id, d) => {
    data.set(d, found.length * dim);
    found.push(id);
  });
  return { ids: Uint32Array.from(found), data: data.subarray(0, found.length * dim), dim };
}

/** mAP of a network of the library under a ground truth from geometry; null where it cannot be measured, which is said. */
export async function measureNetwork(
  library: Library,
  row: NetworkRow,
  size: number,
  truth: GeometryGroundTruth,
  task: TaskContext,
): Promise<number | null> {
  if (truth.queries.length === 0) return null;
  try {
    const { graph, spec } = loadNetwork(library, row);
    const maker = await InputMaker.create(spec, size, library);
    const runner = await Runner.create(graph);
    try {
      const step = `Measuring ${spec.name}, the default`;
      return meanAveragePrecision(
        truth,
        await describeAll(truth.database, step, { runner, maker, dim: spec.dim }, task),
      );
    } finally {
      await runner.release();
      await maker.release();
    }
  } catch (error) {
    if (!(error instanceof CovisError)) throw error;
    if (error.code !== 'CANCELLED') task.warn(`${row.spec.name} could not be measured: ${error.message}`);
    return null;
  }
}
