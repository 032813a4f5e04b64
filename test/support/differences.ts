/** Gradients held against finite differences. */
import { expect } from 'vitest';
import { random } from '../../src/main/engine/library/random.ts';
import { GraphBuilder, type Attribute, type Graph } from '../../src/main/engine/network/onnx/graph.ts';
import { Runner } from '../../src/main/engine/network/runtime.ts';
import { differentiate } from '../../src/main/engine/training/differentiate.ts';
import { GRADIENTS } from '../../src/main/engine/training/gradients/index.ts';
import type { GradientRules } from '../../src/main/engine/training/gradients/rule.ts';

export interface Given {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}
export type Build = (b: GraphBuilder) => string;

export function given(dims: readonly number[], seed: number, low = -1, high = 1): Given {
  const r = random(seed);
  return { dims, data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => r.between(low, high)) };
}
export function graphOf(
  inputs: Readonly<Record<string, readonly (number | string)[]>>,
  build: Build,
  opset?: number,
): Graph {
  const graph: Graph = {
    name: 'g',
    inputs: Object.entries(inputs).map(([name, dims]) => ({ name, type: 'float' as const, dims: [...dims] })),
    outputs: [],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
    ...(opset === undefined ? {} : { opset }),
  };
  const y = build(new GraphBuilder(graph, 'f'));
  graph.outputs.push({ name: y, type: 'float', dims: [] });
  return graph;
}

/** How a graph is written where that is not plain: sizes of inputs that are told only when it runs, a newer operator set. */
export interface Declared {
  readonly dims?: Readonly<Record<string, readonly (number | string)[]>>;
  readonly opset?: number;
}

/** Checks every gradient by differences of Σ seed · y, each entry of each input. */
export async function check(
  inputs: Readonly<Record<string, Given>>,
  build: Build,
  step = 1e-2,
  by = 2e-3,
  rules: GradientRules = GRADIENTS,
  { dims = {}, opset }: Declared = {},
): Promise<Record<string, Float32Array>> {
  const names = Object.keys(inputs);
  const forward = graphOf(Object.fromEntries(names.map((n) => [n, dims[n] ?? inputs[n]!.dims])), build, opset);
  const output = forward.outputs[0]!.name;
  const run = await Runner.create(forward);
  const tensors = (change?: [string, number, number]): Record<string, Given> =>
    Object.fromEntries(
      names.map((n) => [
        n,
        change?.[0] === n
          ? { dims: inputs[n]!.dims, data: inputs[n]!.data.map((v, i) => (i === change[1] ? v + change[2] : v)) }
          : inputs[n]!,
      ]),
    );
  const y = (await run.runShaped(tensors() as never))[output]! as unknown as Given;
  const seed = given(y.dims, 77);
  const at = async (change: [string, number, number]): Promise<number> =>
    (await run.run(tensors(change) as never))[output]!.reduce((s, v, i) => s + v * seed.data[i]!, 0);
  const seeded: Graph = { ...forward, inputs: [...forward.inputs, { name: 'seed', type: 'float', dims: [...y.dims] }] };
  const { graph, gradients } = differentiate(seeded, output, 'seed', names, rules);
  graph.outputs.splice(
    0,
    graph.outputs.length,
    ...names.map((n) => ({ name: gradients.get(n)!, type: 'float' as const, dims: [] })),
  );
  const backward = await Runner.create(graph);
  const got = await backward.runShaped({ ...tensors(), seed } as never);
  const out: Record<string, Float32Array> = {};
  for (const n of names) {
    const g = got[gradients.get(n)!]! as unknown as Given;
    expect([...g.dims]).toEqual([...inputs[n]!.dims]);
    out[n] = g.data;
    for (let i = 0; i < g.data.length; i += 1) {
      const slope = ((await at([n, i, step])) - (await at([n, i, -step]))) / (2 * step);
      expect(Math.abs(g.data[i]! - slope), `${n}[${i}]: ${g.data[i]} and ${slope}`).toBeLessThan(
        by * (1 + Math.abs(slope)),
      );
    }
  }
  await Promise.all([run.release(), backward.release()]);
  return out;
}
/** One operator on the inputs of these names. */
export const op =
  (name: string, inputs: string[], attributes: Record<string, Attribute> = {}): Build =>
  (b) =>
    b.op(name, inputs, attributes);
