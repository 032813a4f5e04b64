/** Descriptors of photos by a network that learns. */
import type { InputMaker } from '../inputs/inputs.ts';
import type { GraphRunner } from '../network/runtime.ts';
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
