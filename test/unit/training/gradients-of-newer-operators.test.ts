import { describe, expect, it } from 'vitest';
import { GraphBuilder, int, ints } from '../../../src/main/engine/network/onnx/graph.ts';
import { differentiate } from '../../../src/main/engine/training/differentiate.ts';
import { GRADIENTS } from '../../../src/main/engine/training/gradients/index.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { check, graphOf, op, type Build, type Given } from '../../support/differences.ts';
import { ARRANGEMENTS, FUNCTIONS, NORMALISATIONS, RESAMPLED, type GradientCase } from '../../support/gradient-cases.ts';

describe.each<[string, readonly GradientCase[]]>([
  ['functions and reductions', FUNCTIONS],
  ['shares and normalisations', NORMALISATIONS],
  ['products, choices and arrangements', ARRANGEMENTS],
  ['what changes sizes, borders and places', RESAMPLED],
])('%s have the gradients that differences show', (_, cases) => {
  it.each(cases.map((c) => [c.name, c] as const))('%s', async (_name, c) => {
    await check(c.inputs, c.build, c.step ?? 1e-2, 4e-3, GRADIENTS, c.declared);
  });
});

/** dL/d of each input, for dL/dy = 1. */
async function slopes(inputs: Readonly<Record<string, Given>>, build: Build): Promise<Record<string, number[]>> {
  const names = Object.keys(inputs);
  const graph = graphOf(Object.fromEntries(names.map((n) => [n, inputs[n]!.dims])), build);
  const one = graph.outputs[0]!.name;
  const sum = new GraphBuilder(graph, 's').op('ReduceSum', [one], { keepdims: int(0) });
  graph.inputs.push({ name: 'seed', type: 'float', dims: [] });
  const d = differentiate(graph, sum, 'seed', names);
  const outputs = names.map((n) => ({ name: d.gradients.get(n)!, type: 'float' as const, dims: [] }));
  d.graph.outputs.splice(0, 1, ...outputs);
  const runner = await Runner.create(d.graph);
  const out = await runner.run({ ...inputs, seed: { dims: [], data: Float32Array.of(1) } });
  await runner.release();
  return Object.fromEntries(names.map((n) => [n, [...out[d.gradients.get(n)!]!]]));
}
const of = (dims: number[], ...data: number[]): Given => ({ dims, data: Float32Array.from(data) });

describe('a gradient', () => {
  it('of a length of nothing is nothing, not infinite', async () => {
    const { x } = await slopes({ x: of([2, 3], 0, 0, 0, 3, 0, 4) }, op('ReduceL2', ['x'], { axes: ints([1]) }));
    expect(x).toEqual([0, 0, 0, expect.closeTo(0.6, 5), 0, expect.closeTo(0.8, 5)]);
  });

  it('is shared by those that are equally large', async () => {
    const { a, b } = await slopes({ a: of([3], 1, 5, 2), b: of([3], 1, 4, 3) }, op('Max', ['a', 'b']));
    expect([a, b]).toEqual([
      [0.5, 1, 0],
      [0.5, 0, 1],
    ]);
  });

  it('sums over places that were taken several times', async () => {
    const { x } = await slopes({ x: of([4], 1, 2, 3, 4) }, (b) => b.op('Gather', ['x', b.int64s([1, 3, -1, 1, 1])]));
    expect(x).toEqual([0, 3, 0, 2]);
  });

  it('does not go through conditions', async () => {
    const positive = (b: GraphBuilder, x: string): string =>
      b.op('Cast', [b.op('Greater', [x, b.scalar(0)])], { to: int(1) });
    const { x } = await slopes({ x: of([3], -1, 0.5, 2) }, (b) => b.op('Mul', ['x', positive(b, 'x')]));
    expect(x).toEqual([0, 1, 1]);
    // What nothing else comes of cannot learn.
    await expect(
      slopes({ z: of([2], 1, 2), x: of([2], 1, 2) }, (b) => b.op('Add', ['z', positive(b, 'x')])),
    ).rejects.toThrow('The weight x reaches the output by sizes, places and conditions alone');
  });
});
