import { DESCRIPTOR_BYTES, type Features } from '../features/sift.ts';
import { int, int64Tensor, type Graph } from '../network/onnx/graph.ts';
import { Runner } from '../network/runtime.ts';
import type { Matches } from './verification.ts';

/** RootSIFT bytes are 512 times unit vectors. */
const UNIT = 512 * 512;
/** A match is taken where the second best is this much farther. */
const RATIO = 0.8;
/** Cosine below which descriptors do not match. */
const LEAST_COSINE = 0.75;

/** Matches two photos by all pairs of their descriptors: mutual nearest neighbours that pass the ratio test. Release it when done. */
export class Matcher {
  readonly #runner: Runner;

  private constructor(runner: Runner) {
    this.#runner = runner;
  }

  static async create(): Promise<Matcher> {
    return new Matcher(await Runner.create(graph()));
  }

  async match(a: Features, b: Features): Promise<Matches> {
    if (a.count < 2 || b.count < 2) return new Uint32Array(0);
    const out = await this.#runner.run({
      a: { dims: [a.count, DESCRIPTOR_BYTES], data: Float32Array.from(a.descriptors) },
      b: { dims: [b.count, DESCRIPTOR_BYTES], data: Float32Array.from(b.descriptors) },
    });
    const scores = out['scores']!;
    const toB = out['to_b'] as unknown as BigInt64Array;
    const toA = out['to_a'] as unknown as BigInt64Array;
    const matches: number[] = [];
    for (let i = 0; i < a.count; i += 1) {
      const j = Number(toB[2 * i]!);
      if (Number(toA[j]!) !== i) continue;
      const best = scores[2 * i]! / UNIT;
      const second = scores[2 * i + 1]! / UNIT;
      // Distances of unit vectors: 2 - 2 cos.
      if (best > LEAST_COSINE && 1 - best < RATIO * RATIO * (1 - second)) matches.push(i, j);
    }
    return Uint32Array.from(matches);
  }

  async release(): Promise<void> {
    await this.#runner.release();
  }
}

function graph(): Graph {
  return {
    name: 'match',
    inputs: [
      { name: 'a', type: 'float', dims: ['n', DESCRIPTOR_BYTES] },
      { name: 'b', type: 'float', dims: ['m', DESCRIPTOR_BYTES] },
    ],
    outputs: [
      { name: 'scores', type: 'float', dims: ['n', 2] },
      { name: 'to_b', type: 'int64', dims: ['n', 2] },
      { name: 'to_a', type: 'int64', dims: ['m'] },
    ],
    nodes: [
      { op: 'Gemm', name: 'product', inputs: ['a', 'b'], outputs: ['all'], attributes: { transB: int(1) } },
      { op: 'TopK', name: 'best', inputs: ['all', 'two'], outputs: ['scores', 'to_b'], attributes: {} },
      {
        op: 'ArgMax',
        name: 'back',
        inputs: ['all'],
        outputs: ['to_a'],
        attributes: { axis: int(0), keepdims: int(0) },
      },
    ],
    initializers: new Map([['two', int64Tensor([1], [2])]]),
    metadata: new Map(),
  };
}
