import { expect, it } from 'vitest';
import { webGpuAdapter } from '../../../src/main/engine/network/gpu.ts';
import {
  float,
  floatTensor,
  GraphBuilder,
  int,
  ints,
  type Graph,
} from '../../../src/main/engine/network/onnx/graph.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { describeWithAdapter } from '../../support/programs.ts';

type Activation = (b: GraphBuilder, x: string) => string;
const plain =
  (op: string): Activation =>
  (b, x) =>
    b.op(op, [x]);
const clip =
  (least?: number, most?: number): Activation =>
  (b, x) =>
    b.op('Clip', [x, least === undefined ? '' : b.scalar(least), ...(most === undefined ? [] : [b.scalar(most)])]);
/** Graphs with such are computed another way, which would hide what is wrong with the rest. */
const WRITTEN_OUT = ['Gelu by an error function', 'Gelu by a sigmoid', 'Swish'];
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  'Clip from 0 to 0.5': clip(0, 0.5),
  'Clip from 0.1': clip(0.1),
  'Clip to 0.3': clip(undefined, 0.3),
  LeakyRelu: (b, x) => b.op('LeakyRelu', [x], { alpha: float(0.3) }),
  Elu: (b, x) => b.op('Elu', [x], { alpha: float(0.7) }),
  HardSigmoid: (b, x) => b.op('HardSigmoid', [x], { alpha: float(0.3), beta: float(0.4) }),
  ThresholdedRelu: (b, x) => b.op('ThresholdedRelu', [x], { alpha: float(0.3) }),
  ...Object.fromEntries(
    ['Relu', 'Selu', 'Celu', 'Sigmoid', 'Tanh', 'HardSwish', 'Softplus', 'Softsign'].map((op) => [op, plain(op)]),
  ),
  'Gelu by an error function': (b, x) => {
    const half = b.op('Mul', [x, b.op('Add', [b.op('Erf', [b.op('Div', [x, b.scalar(Math.SQRT2)])]), b.scalar(1)])]);
    return b.op('Mul', [half, b.scalar(0.5)]);
  },
  'Gelu by tanh': (b, x) => {
    const cube = b.op('Mul', [b.op('Mul', [b.op('Mul', [x, x]), x]), b.scalar(0.044715)]);
    const inner = b.op('Mul', [b.op('Add', [x, cube]), b.scalar(Math.sqrt(2 / Math.PI))]);
    return b.op('Mul', [x, b.op('Mul', [b.op('Add', [b.op('Tanh', [inner]), b.scalar(1)]), b.scalar(0.5)])]);
  },
  Swish: (b, x) => b.op('Mul', [x, b.op('Sigmoid', [x])]),
  'Gelu by a sigmoid': (b, x) => b.op('Mul', [x, b.op('Sigmoid', [b.op('Mul', [x, b.scalar(1.702)])])]),
  'Relu, and what does nothing': (b, x) => b.op('Identity', [b.op('Relu', [x])]),
};

const SIDE = 5;
const CHANNELS = 3;
const wave = (length: number, by: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(by * (i + 1)));
const x = { dims: [1, CHANNELS, SIDE, SIDE], data: wave(CHANNELS * SIDE * SIDE, 0.73) };

/** Convolutions whose outputs go through the first and then each of the others, one behind the other. */
function graphOf(first: Activation | undefined, others: readonly Activation[]): Graph {
  const graph: Graph = {
    name: 'fused',
    inputs: [{ name: 'x', type: 'float', dims: [...x.dims] }],
    outputs: [{ name: 'y', type: 'float', dims: ['n'] }],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  };
  const b = new GraphBuilder(graph, 'f');
  const all = others.map((second, k) => {
    const weight = b.constant(floatTensor([2, CHANNELS, 1, 1], wave(2 * CHANNELS, 1.1 + k)));
    const conv = b.op('Conv', ['x', weight], { kernel_shape: ints([1, 1]) });
    return b.reshape(second(b, first === undefined ? conv : first(b, conv)), [-1]);
  });
  b.op('Concat', all, { axis: int(0) }, 'y');
  return graph;
}

describeWithAdapter(await webGpuAdapter(), 'activations that WebGPU computes in the convolution', () => {
  it.each<[string, Activation | undefined]>([['nothing', undefined], ...Object.entries(ACTIVATIONS)])(
    'are right behind %s',
    { timeout: 60_000 },
    async (_, first) => {
      const wrong: string[] = [];
      for (const apart of [false, true]) {
        const others = Object.entries(ACTIVATIONS).filter(([name]) => WRITTEN_OUT.includes(name) === apart);
        const graph = graphOf(
          first,
          others.map(([, second]) => second),
        );
        const [right, fused] = [await Runner.create(graph), await Runner.create(graph, { provider: 'webgpu' })];
        const [a, c] = [(await right.run({ x }))['y']!, (await fused.run({ x }))['y']!];
        await right.release();
        await fused.release();
        const each = a.length / others.length;
        others.forEach(([name], k) => {
          const differs = (v: number, i: number): boolean => !(Math.abs(c[k * each + i]! - v) < 1e-5);
          if (a.subarray(k * each, (k + 1) * each).some(differs)) wrong.push(name);
        });
      }
      expect(wrong).toEqual([]);
    },
  );
});
