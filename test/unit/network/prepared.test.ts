import { describe, expect, it } from 'vitest';
import { DESCRIPTOR, IMAGE } from '../../../src/main/engine/network/head.ts';
import { addHead, lastFeatureMap, trainableParameters } from '../../../src/main/engine/network/head.ts';
import type { Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import { nativeBackend, withCalls, type Binding } from '../../../src/main/engine/network/tf/binding.ts';
import { functionFile } from '../../../src/main/engine/network/tf/function-def.ts';
import { PREPARED_AFTER } from '../../../src/main/engine/network/tf/prepared-after.ts';
import { PreparedGraph } from '../../../src/main/engine/network/tf/prepared.ts';
import { TfGraph } from '../../../src/main/engine/network/tf/tf-graph.ts';
import { loadTensorFlow, type Tf } from '../../../src/main/engine/network/tf/tf-runtime.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { mobileNetV1 } from '../../support/architectures.ts';

/** The real TensorFlow, where it is installed. */
const tf: Tf | undefined = await loadTensorFlow('tensorflow').then(
  (t) => t.tf,
  (error: unknown) => {
    if (process.env['COVIS_REQUIRE_TENSORFLOW'] === '1') throw error;
    return undefined;
  },
);
/** Shapes that are prepared at most. */
const MOST = 24;
/** Times that one has to come for that. */
const ENOUGH = PREPARED_AFTER + 1;

function network(): { graph: Graph; weights: string[] } {
  const read = normalise({ graph: mobileNetV1(1 / 8).graph, opset: 17 }, 'tiny');
  const { graph } = addHead(read, lastFeatureMap(read));
  return { graph, weights: trainableParameters(graph) };
}

function photo(t: Tf, height: number, width: number, seed = 1): ReturnType<Tf['tensor']> {
  const r = random(seed);
  return t.tensor(
    Float32Array.from({ length: 3 * height * width }, () => 2 * r.next() - 1),
    [1, 3, height, width],
  );
}

/** Tensors of TensorFlow's library. */
function held(t: Tf): number {
  return (t.backend() as unknown as { getNumOfTFTensors(): number }).getNumOfTFTensors();
}

describe.skipIf(tf === undefined)('what tensorflow prepares', () => {
  const t = tf!;

  it('follows weights that move and photos that change, in descriptors and in gradients', () => {
    const { graph, weights } = network();
    const variables = new Map(
      weights.map((name) => {
        const w = graph.initializers.get(name)!;
        return [name, t.variable(t.tensor(w.data as Float32Array, [...w.dims]))] as const;
      }),
    );
    const [whole, single] = [new PreparedGraph(t, graph, new Set(weights)), new TfGraph(t, graph, new Set(weights))];
    const of = (run: () => ReturnType<Tf['tensor']>): Float32Array[] =>
      t.tidy(() => {
        const { value, grads } = t.variableGrads(() => {
          const d = run();
          return t.sum(t.mul(d, t.range(0, d.size).reshape(d.shape).sin()));
        }, [...variables.values()]);
        const all = [value, ...[...variables.values()].map((v) => grads[v.name]!)];
        return all.map((g) => Float32Array.from(g.dataSync()));
      });
    const found: Float32Array[][] = [];
    for (let k = 0; k < 3 + PREPARED_AFTER; k += 1) {
      const images = { [IMAGE]: photo(t, 48, 64, k) };
      const a = of(() => whole.runForGradients(images, variables, DESCRIPTOR));
      const b = of(() => single.run(images, variables, DESCRIPTOR));
      whole.settle();
      for (const [i, g] of a.entries()) {
        const size = Math.hypot(...b[i]!);
        expect(Math.hypot(...g.map((v, j) => v - b[i]![j]!))).toBeLessThan(1e-3 * size + 1e-6);
      }
      found.push(a);
      for (const v of variables.values()) t.tidy(() => v.assign(t.mul(v, k % 2 === 0 ? 1.02 : 0.97)));
    }
    expect(whole.prepared).toBe(1);
    // Else nothing would have had to be followed.
    expect(found.at(-2)![0]![0]).not.toBeCloseTo(found.at(-1)![0]![0]!, 5);
    whole.dispose();
    single.dispose();
    for (const v of variables.values()) v.dispose();
  });

  it('keeps nothing of forward passes whose gradients nobody asks for', () => {
    const { graph, weights } = network();
    const variables = new Map(
      weights.map((name) => {
        const w = graph.initializers.get(name)!;
        return [name, t.variable(t.tensor(w.data as Float32Array, [...w.dims]))] as const;
      }),
    );
    const whole = new PreparedGraph(t, graph, new Set(weights));
    const run = (): void => {
      t.tidy(() => whole.runForGradients({ [IMAGE]: photo(t, 32, 32) }, variables, DESCRIPTOR).dataSync());
      whole.settle();
    };
    for (let k = 0; k <= PREPARED_AFTER; k += 1) run();
    expect(whole.prepared).toBe(1);
    const before = held(t);
    for (let k = 0; k < 5; k += 1) run();
    expect(held(t)).toBe(before);
    whole.dispose();
    for (const v of variables.values()) v.dispose();
  });

  it.each(['fails', 'gives something else'])('is not used where the function %s', (how) => {
    const { graph } = network();
    const whole = new PreparedGraph(t, graph, new Set());
    const single = new TfGraph(t, graph, new Set());
    const backend = nativeBackend(t)!;
    const T = { name: 'T', type: backend.binding.TF_ATTR_TYPE, value: backend.binding.TF_FLOAT };
    const run = (): Float32Array =>
      t.tidy(() =>
        Float32Array.from(whole.runAll({ [IMAGE]: photo(t, 32, 40) }, new Map(), [DESCRIPTOR])[0]!.dataSync()),
      );
    const right = t.tidy(() => single.run({ [IMAGE]: photo(t, 32, 40) }, new Map(), DESCRIPTOR).dataSync());
    let asked = 0;
    withCalls(
      backend,
      (own) => ({
        runSavedModel: (...call) => {
          asked += 1;
          if (how === 'fails') throw new Error('Session fail to run');
          return own.runSavedModel(...call).map((m) => own.executeOp('Neg', [T], [m.id], 1)[0]!);
        },
      }),
      () => {
        for (let k = 0; k < ENOUGH + 2; k += 1) {
          const own = run();
          expect(Math.hypot(...own.map((v, i) => v - right[i]!))).toBeLessThan(1e-5);
        }
      },
    );
    expect([asked, whole.prepared]).toEqual([1, 0]);
    whole.dispose();
    single.dispose();
  });

  it('is bounded, and what comes oftener takes the place of what comes least', () => {
    const { graph } = network();
    const whole = new PreparedGraph(t, graph, new Set());
    const single = new TfGraph(t, graph, new Set());
    const run = (width: number, times: number): Float32Array =>
      t.tidy(() => {
        let last = new Float32Array();
        for (let k = 0; k < times; k += 1) {
          const images = { [IMAGE]: photo(t, 32, width) };
          last = Float32Array.from(whole.runAll(images, new Map(), [DESCRIPTOR])[0]!.dataSync());
        }
        return last;
      });
    for (let k = 0; k < MOST; k += 1) run(32 + k, ENOUGH);
    expect(whole.prepared).toBe(MOST);
    let called = 0;
    const counted = (times: number): Float32Array =>
      withCalls(
        nativeBackend(t)!,
        (own) => ({
          runSavedModel: (...call) => {
            called += 1;
            return own.runSavedModel(...call);
          },
        }),
        () => run(96, times),
      );
    counted(2 * ENOUGH - 1);
    // Not twice as often as the others yet.
    expect([whole.prepared, called]).toEqual([MOST, 0]);
    const own = counted(2);
    // Once to be compared, once in its place.
    expect(called).toBe(2);
    expect(whole.prepared).toBe(MOST);
    const right = t.tidy(() => single.run({ [IMAGE]: photo(t, 32, 96) }, new Map(), DESCRIPTOR).dataSync());
    expect(Math.hypot(...own.map((v, i) => v - right[i]!))).toBeLessThan(1e-4);
    whole.dispose();
    single.dispose();
  });
});

describe('operators that no function can have', () => {
  const kinds = {
    TF_ATTR_TYPE: 4,
    TF_ATTR_STRING: 0,
    TF_ATTR_INT: 1,
    TF_ATTR_FLOAT: 2,
    TF_ATTR_BOOL: 3,
    TF_FLOAT: 1,
    TF_INT32: 3,
  };
  const binding = { ...kinds, TF_BOOL: 10, TF_ATTR_SHAPE: 5 } as unknown as Binding;
  const tensor = (id: number): { id: number; shape: number[]; dtype: number } => ({ id, shape: [2], dtype: 1 });
  const parts = (op: string, inputs: number[], attribute = { name: 'T', type: 4, value: 1 as number | string }) => ({
    given: [tensor(1)],
    operators: [{ op, attributes: [attribute], inputs, outputs: [tensor(2)] }],
    constants: new Map(),
    results: [tensor(2)],
  });

  it('are refused: an unknown name, a tensor of nowhere, an attribute of another kind', () => {
    expect(functionFile(binding, parts('Relu', [1]))).toBeInstanceOf(Uint8Array);
    expect(functionFile(binding, parts('ReluOfTheirs', [1]))).toBeUndefined();
    expect(functionFile(binding, parts('Relu', [7]))).toBeUndefined();
    expect(functionFile(binding, parts('Relu', [1], { name: 'T', type: 4, value: 'float' }))).toBeUndefined();
    expect(functionFile(binding, parts('Relu', [1], { name: 'T', type: 99, value: 1 }))).toBeUndefined();
  });
});

it('TensorFlow.js by other means prepares nothing, with the same result', async () => {
  const { tf: plain } = await loadTensorFlow('tfjs-cpu');
  expect(nativeBackend(plain)).toBeUndefined();
  const { graph } = network();
  const whole = new PreparedGraph(plain, graph, new Set());
  for (let k = 0; k < ENOUGH; k += 1)
    plain.tidy(() => {
      const [d] = whole.runAll({ [IMAGE]: photo(plain, 32, 32) }, new Map(), [DESCRIPTOR]);
      expect(Math.hypot(...d!.dataSync())).toBeCloseTo(1, 4);
    });
  expect(whole.prepared).toBe(0);
  whole.dispose();
});
