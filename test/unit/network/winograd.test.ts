import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { blockSize } from '../../../src/main/engine/network/block-size.ts';
import { NCHWC } from '../../../src/main/engine/network/onnx/blocked.ts';
import { GraphBuilder, int, ints, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import {
  winogradConv,
  winogradFilterGradient,
  winogradTiles,
  type WinogradConv,
} from '../../../src/main/engine/network/onnx/winograd.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';

const [IN, OUT] = [16, 32];
const block = await blockSize();

function graphOf(inputs: Record<string, readonly number[]>): { graph: Graph; b: GraphBuilder } {
  const graph: Graph = {
    name: 'test',
    inputs: Object.entries(inputs).map(([name, dims]) => ({
      name,
      type: 'float',
      dims: dims.map((d, i) => (i === 1 ? d : `${name}${i}`)),
    })),
    outputs: [{ name: 'y', type: 'float', dims: ['a', 'b', 'c', 'd'] }],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  };
  return { graph, b: new GraphBuilder(graph, 'g') };
}

type Values = Record<string, { dims: readonly number[]; data: Float32Array }>;

async function run(graph: Graph, values: Values): Promise<Float32Array> {
  const runner = await Runner.create(graph);
  const { y } = await runner.run(values);
  await runner.release();
  return y!;
}

function noise(dims: readonly number[], seed: number): Values[string] {
  const r = random(seed);
  return { dims, data: Float32Array.from({ length: dims.reduce((a, d) => a * d, 1) }, () => 2 * r.next() - 1) };
}

/** Of the largest value. */
function difference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  const scale = Math.max(...a.map(Math.abs));
  return Math.max(...a.map((v, i) => Math.abs(v - b[i]!))) / scale;
}

const shape = [OUT, IN, 3, 3] as const;
const blocks = (b: GraphBuilder, v: string): string => b.foreign(NCHWC, 'ReorderInput', [b.op('Identity', [v])]);

/** Sizes with whole tiles, with parts of tiles, smaller than a tile. */
const SIZES = [
  [2, 12, 8],
  [3, 17, 23],
  [1, 3, 2],
] as const;
const PADS = [
  [1, 1, 1, 1],
  [0, 0, 0, 0],
  [2, 0, 1, 2],
] as const;

describe.skipIf(block === null)('convolution by tiles', () => {
  for (const pads of PADS) {
    it(`gives what the sum over the kernel gives, pads ${pads.join(' ')}`, async () => {
      for (const [n, h, w] of SIZES) {
        if (h + pads[0] + pads[2] < 3 || w + pads[1] + pads[3] < 3) continue;
        const values = { x: noise([n, IN, h, w], 1), w: noise(shape, 2), bias: noise([OUT], 3) };
        const dims = { x: values.x.dims, w: shape, bias: [OUT] };
        const plain = graphOf(dims);
        plain.b.op('Conv', ['x', 'w', 'bias'], { pads: ints(pads) }, 'y');
        const tiled = graphOf(dims);
        const o: WinogradConv = { shape, pads, mirrored: false, block: block! };
        const y = winogradConv(tiled.b, blocks(tiled.b, 'x'), 'w', 'bias', o);
        tiled.graph.nodes.push({
          op: 'ReorderOutput',
          domain: NCHWC,
          name: 'out',
          inputs: [y],
          outputs: ['y'],
          attributes: { channels: int(OUT) },
        });
        expect(difference(await run(plain.graph, values), await run(tiled.graph, values))).toBeLessThan(2e-5);
      }
    });
  }

  it('gives the gradient of the kernel as a sum over places does', async () => {
    const pads = [1, 1, 1, 1] as const;
    for (const [n, h, w] of SIZES) {
      const values = { x: noise([n, IN, h, w], 4), dy: noise([n, OUT, h, w], 5) };
      const { graph, b } = graphOf({ x: values.x.dims, dy: values.dy.dims });
      const seen = winogradTiles(b, blocks(b, 'x'), { channels: IN, pads, block: block! });
      b.op('Identity', [winogradFilterGradient(b, seen, blocks(b, 'dy'), { shape, block: block! })], {}, 'y');
      const got = await run(graph, values);
      const expected = new Float32Array(OUT * IN * 9);
      const [x, dy] = [values.x.data, values.dy.data];
      for (let k = 0; k < n; k += 1)
        for (let o = 0; o < OUT; o += 1)
          for (let i = 0; i < IN; i += 1)
            for (let t = 0; t < 9; t += 1) {
              const [r, q] = [Math.floor(t / 3) - 1, (t % 3) - 1];
              let sum = 0;
              for (let a = Math.max(0, -r); a < Math.min(h, h - r); a += 1)
                for (let c = Math.max(0, -q); c < Math.min(w, w - q); c += 1)
                  sum += dy[((k * OUT + o) * h + a) * w + c]! * x[((k * IN + i) * h + a + r) * w + c + q]!;
              expected[(o * IN + i) * 9 + t]! += sum;
            }
      expect(difference(expected, got)).toBeLessThan(2e-5);
    }
  });
});
