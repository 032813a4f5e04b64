import { writeFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { random } from '../../src/main/engine/library/random.ts';
import { encodeOnnx } from '../../src/main/engine/network/onnx/file.ts';
import {
  floatTensor,
  GraphBuilder,
  int,
  ints,
  type Dim,
  type Graph,
} from '../../src/main/engine/network/onnx/graph.ts';

/** A foreign network that takes `x`, built by `build`, which gives the names of its outputs. */
export function foreign(
  build: (b: GraphBuilder) => string | readonly string[],
  { dims = ['N', 3, 'H', 'W'], opset }: { dims?: readonly Dim[]; opset?: number } = {},
): Graph {
  const graph: Graph = {
    name: 'g',
    inputs: [{ name: 'x', type: 'float', dims }],
    outputs: [],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
    ...(opset === undefined ? {} : { opset }),
  };
  const made = build(new GraphBuilder(graph, 'f'));
  for (const name of typeof made === 'string' ? [made] : made) graph.outputs.push({ name, type: 'float', dims: [] });
  return graph;
}

/** Waves as weights, so that no two are alike. */
export function weight(b: GraphBuilder, dims: readonly number[], seed = 1): string {
  const r = random(seed);
  const count = dims.reduce((p, d) => p * d, 1);
  return b.constant(
    floatTensor(
      dims,
      Float32Array.from({ length: count }, () => r.next() - 0.5),
    ),
    'w',
  );
}

/** A convolution of 3x3, stride 2, with its activation. */
export function layer(b: GraphBuilder, x: string, from: number, to: number, seed = from + to): string {
  const options = { strides: ints([2, 2]), pads: ints([1, 1, 1, 1]), kernel_shape: ints([3, 3]) };
  return b.op('Relu', [b.op('Conv', [x, weight(b, [to, from, 3, 3], seed)], options)]);
}

/** Tokens [N, 16, 8] of patches of a 32x32 image, after one layer of attention with normalisation. */
export function attention(b: GraphBuilder, x: string): string {
  const patches = b.op('Conv', [x, weight(b, [8, 3, 8, 8])], { strides: ints([8, 8]), kernel_shape: ints([8, 8]) });
  const tokens = b.op('Transpose', [b.reshape(patches, [0, 8, 16])], { perm: ints([0, 2, 1]) });
  const placed = b.op('Add', [tokens, weight(b, [1, 16, 8], 5)]);
  const normal = b.op('LayerNormalization', [placed, weight(b, [8], 6), weight(b, [8], 7)], { axis: int(-1) });
  const [q, k, v] = [8, 9, 10].map((seed) => b.op('MatMul', [normal, weight(b, [8, 8], seed)])) as [
    string,
    string,
    string,
  ];
  const share = b.op('Softmax', [b.op('MatMul', [q, b.op('Transpose', [k], { perm: ints([0, 2, 1]) })])], {
    axis: int(-1),
  });
  return b.op('Add', [placed, b.op('MatMul', [share, v])]);
}

/**
 * A small ViT: patches of `patch` pixels, `others` tokens before them, positions where the size is fixed, one layer of attention and a last
 * normalisation; its output is that of the class token, or all tokens as `normal`.
 */
export function smallVit(
  others: number,
  output: 'class' | 'tokens',
  dims: readonly Dim[] = [1, 3, 32, 32],
  patch = 8,
): Graph {
  return foreign(
    (b) => {
      const options = { strides: ints([patch, patch]), kernel_shape: ints([patch, patch]) };
      const patches = b.op('Conv', ['x', weight(b, [8, 3, patch, patch])], options);
      let tokens = b.op('Transpose', [b.reshape(patches, [0, 8, -1])], { perm: ints([0, 2, 1]) });
      if (others > 0) tokens = b.op('Concat', [weight(b, [1, others, 8], 4), tokens], { axis: int(1) });
      const [, , h, w] = dims;
      if (typeof h === 'number' && typeof w === 'number')
        tokens = b.op('Add', [tokens, weight(b, [1, others + (h / patch) * (w / patch), 8], 5)]);
      const [q, k, v] = [8, 9, 10].map((seed) => b.op('MatMul', [tokens, weight(b, [8, 8], seed)]));
      const turned = b.op('Transpose', [k!], { perm: ints([0, 2, 1]) });
      const share = b.op('Softmax', [b.op('MatMul', [q!, turned])], { axis: int(-1) });
      const sum = b.op('Add', [tokens, b.op('MatMul', [share, v!])]);
      const scale = [weight(b, [8], 6), weight(b, [8], 7)];
      const normal = b.op('LayerNormalization', [sum, ...scale], { axis: int(-1) }, 'normal');
      return output === 'tokens' ? normal : [b.reshape(b.slice(normal, [0], [1], [1]), [-1, 8])];
    },
    { dims },
  );
}

export function write(file: string, graph: Graph): string {
  writeFileSync(file, encodeOnnx(graph));
  return file;
}

/** An image of waves, [1, channels, height, width]. */
export function waves(height: number, width: number, channels = 3): { dims: number[]; data: Float32Array } {
  const data = Float32Array.from({ length: channels * height * width }, (_, i) => Math.sin(0.37 * i + 0.001 * i * i));
  return { dims: [1, channels, height, width], data };
}

/** What ONNX Runtime gives on the untouched file, by output. */
export async function onRuntime(
  file: string,
  feeds: Readonly<Record<string, { dims: readonly number[]; data: Float32Array }>>,
): Promise<Record<string, { dims: readonly number[]; data: Float32Array }>> {
  const session = await ort.InferenceSession.create(file, { logSeverityLevel: 4 });
  try {
    const inputs = Object.entries(feeds).map(([k, t]) => [k, new ort.Tensor('float32', t.data, t.dims)] as const);
    const out = await session.run(Object.fromEntries(inputs));
    return Object.fromEntries(Object.entries(out).map(([k, t]) => [k, { dims: t.dims, data: t.data as Float32Array }]));
  } finally {
    await session.release();
  }
}

/** Divided by its length, as descriptors are. */
export function unit(v: ArrayLike<number>): number[] {
  const values = Array.from(v);
  const length = Math.hypot(...values) + 1e-6;
  return values.map((x) => x / length);
}
