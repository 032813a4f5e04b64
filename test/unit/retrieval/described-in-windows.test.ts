import { describe, expect, it } from 'vitest';
import { CovisError } from '../../../src/shared/errors.ts';
import { DESCRIPTOR, IMAGE } from '../../../src/main/engine/network/head.ts';
import type { GraphRunner } from '../../../src/main/engine/network/runtime.ts';
import type { NetworkInput } from '../../../src/main/engine/inputs/inputs.ts';
import type { Streamed } from '../../../src/main/engine/library/prefetch.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { describePhotos, describeStream } from '../../../src/main/engine/retrieval/extract.ts';

/** A network whose descriptor is the first two numbers of an image, and what it was given. */
function network(): { runner: GraphRunner; batches: number[] } {
  const batches: number[] = [];
  const runner = {
    run: (inputs: Record<string, { dims: readonly number[]; data: Float32Array }>) => {
      const { dims, data } = inputs[IMAGE]!;
      batches.push(dims[0]!);
      const size = data.length / dims[0]!;
      return Promise.resolve({
        [DESCRIPTOR]: Float32Array.from({ length: 2 * dims[0]! }, (_, i) => data[Math.floor(i / 2) * size + (i % 2)]!),
      });
    },
  } as unknown as GraphRunner;
  return { runner, batches };
}
const input = (id: number, height = 1): NetworkInput => ({
  dims: [1, 1, height, 2],
  data: Float32Array.from({ length: 2 * height }, (_, i) => id + i / 100),
});
async function* images(
  ids: readonly number[],
  height: (id: number) => number = () => 1,
): AsyncGenerator<Streamed<NetworkInput[]>> {
  for (const id of ids)
    yield id < 0
      ? {
          id,
          value: undefined,
          error: id === -1 ? new CovisError('INPUT_CORRUPT', 'Broken', { file: 'f.jpg' }) : new Error('other'),
        }
      : { id, value: [input(id, height(id))], error: undefined };
}

describe('a stream of photos', () => {
  it('is described eight at a time, in its order, and the rest at the end', async () => {
    for (const count of [0, 1, 7, 8, 9, 16, 19]) {
      const { runner, batches } = network();
      const rows: [number, number[]][] = [];
      const done: number[] = [];
      const ids = Array.from({ length: count }, (_, i) => 10 + i);
      await describeStream(runner, images(ids), { ...silentContext(), progress: (n) => done.push(n) }, (id, d) =>
        rows.push([id, [...d]]),
      );
      expect(rows).toEqual(ids.map((id) => [id, [id, Math.fround(id + 0.01)]]));
      const full = Math.floor(count / 8);
      expect(batches).toEqual([...Array.from({ length: full }, () => 8), ...(count % 8 === 0 ? [] : [count % 8])]);
      expect(done.at(-1)).toBe(count);
      expect(done[0]).toBe(Math.min(8, count));
    }
  });

  it('is grouped by size and still comes in its order', async () => {
    const { runner, batches } = network();
    const rows: number[] = [];
    await describeStream(
      runner,
      images([5, 6, 7, 8], (id) => 1 + (id % 2)),
      silentContext(),
      (id, d) => {
        rows.push(id);
        expect(d[0]).toBe(id);
      },
    );
    expect(rows).toEqual([5, 6, 7, 8]);
    expect(batches).toEqual([2, 2]);
  });

  it('leaves out what cannot be read and says it, counts it as done, and ends when it is told to', async () => {
    const { runner } = network();
    const warnings: string[] = [];
    const done: number[] = [];
    const rows: number[] = [];
    await describeStream(
      runner,
      images([1, -1, 2, -2]),
      { ...silentContext(warnings), progress: (n) => done.push(n) },
      (id) => rows.push(id),
    );
    expect(rows).toEqual([1, 2]);
    expect(warnings).toEqual(['Broken: f.jpg', 'Error: other']);
    expect(done).toEqual([4]);
    let left = 3;
    const stopping = {
      ...silentContext(),
      check: () => {
        left -= 1;
        if (left < 0) throw new Error('stopped');
      },
    };
    const before: number[] = [];
    await expect(describeStream(runner, images([1, 2, 3, 4]), stopping, (id) => before.push(id))).rejects.toThrow(
      'stopped',
    );
    expect(before).toEqual([]);
    const asked: (readonly number[])[] = [];
    await describePhotos(
      runner,
      {
        stream: (ids) => {
          asked.push(ids);
          return images(ids);
        },
      },
      [3, 4],
      silentContext(),
      (id) => before.push(id),
    );
    expect([asked, before]).toEqual([[[3, 4]], [3, 4]]);
  });
});
