/** A small Keras network as TensorFlow.js stores it, and what it computes, written out plainly: NHWC, channel by channel. */
export interface KerasNetwork {
  readonly json: string;
  readonly shards: readonly Buffer[];
  /** Values of the layer `out` for an image [h][w][3]. */
  readonly evaluate: (image: readonly (readonly (readonly number[])[])[]) => number[][][];
}

const value = (seed: number, i: number): number => Math.fround(Math.sin(seed * 13.7 + i * 0.71) * 0.4);
const values = (seed: number, n: number): number[] => Array.from({ length: n }, (_, i) => value(seed, i));

const pad = (
  x: readonly (readonly (readonly number[])[])[],
  top: number,
  left: number,
  h: number,
  w: number,
  c: number,
) =>
  Array.from({ length: h }, (_, i) =>
    Array.from({ length: w }, (_, j) => x[i - top]?.[j - left] ?? new Array<number>(c).fill(0)),
  );

/**
 * pad 1 → convolution 3x3 of stride 2 to 4 channels → normalisation → relu; that and a depthwise convolution 3x3 of it (`same`) to at most 6,
 * added; a layer behind it that is not wanted.
 */
export function kerasNetwork(): KerasNetwork {
  const weights = [
    { name: 'conv/kernel', shape: [3, 3, 3, 4], data: values(1, 108) },
    { name: 'conv/bias', shape: [4], data: values(2, 4) },
    { name: 'bn/gamma', shape: [4], data: [1.5, -0.5, 2, 1] },
    { name: 'bn/beta', shape: [4], data: [0.25, 0.5, -0.125, 0] },
    { name: 'bn/moving_mean', shape: [4], data: [0.5, -0.25, 0, 0.125] },
    { name: 'bn/moving_variance', shape: [4], data: [0.25, 1, 4, 0.5] },
    { name: 'depth/depthwise_kernel', shape: [3, 3, 4, 1], data: values(3, 36) },
    { name: 'behind/kernel', shape: [4, 2], data: values(4, 8) },
  ];
  const layer = (kind: string, name: string, config: object, ...from: string[]): object => ({
    name,
    class_name: kind,
    config: { name, ...config },
    inbound_nodes: from.length === 0 ? [] : [from.map((f) => [f, 0, 0, {}])],
  });
  const conv = { dilation_rate: [1, 1], activation: 'linear' };
  const layers = [
    layer('InputLayer', 'image', {}),
    layer(
      'ZeroPadding2D',
      'pad',
      {
        padding: [
          [1, 1],
          [1, 1],
        ],
      },
      'image',
    ),
    layer('Conv2D', 'conv', { ...conv, strides: [2, 2], padding: 'valid', use_bias: true }, 'pad'),
    layer('BatchNormalization', 'bn', { epsilon: 0.001 }, 'conv'),
    layer('Activation', 'relu', { activation: 'relu' }, 'bn'),
    layer('DepthwiseConv2D', 'depth', { ...conv, strides: [1, 1], padding: 'same', use_bias: false }, 'relu'),
    layer('ReLU', 'six', { max_value: 6 }, 'depth'),
    layer('Add', 'out', {}, 'six', 'relu'),
    layer('Dense', 'behind', {}, 'out'),
  ];
  const bytes = Buffer.alloc(4 * weights.reduce((n, w) => n + w.data.length, 0));
  weights
    .flatMap((w) => w.data)
    .forEach((v, i) => {
      bytes.writeFloatLE(v, 4 * i);
    });
  // Cut where no weight ends: shards are one file after the other.
  const shards = [bytes.subarray(0, 333), bytes.subarray(333)];
  const json = JSON.stringify({
    format: 'layers-model',
    modelTopology: { model_config: { class_name: 'Model', config: { layers } } },
    weightsManifest: [
      {
        paths: ['part1.bin', 'part2.bin'],
        weights: weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
      },
    ],
  });
  const of = (name: string): number[] => weights.find((w) => w.name === name)!.data;
  return {
    json,
    shards,
    evaluate: (image) => {
      const [h, w] = [image.length, image[0]!.length];
      const padded = pad(image, 1, 1, h + 2, w + 2, 3);
      const relu = Array.from({ length: Math.floor((h - 1) / 2) + 1 }, (_, i) =>
        Array.from({ length: Math.floor((w - 1) / 2) + 1 }, (_, j) =>
          Array.from({ length: 4 }, (_, k) => {
            let sum = of('conv/bias')[k]!;
            for (let y = 0; y < 3; y += 1)
              for (let x = 0; x < 3; x += 1)
                for (let c = 0; c < 3; c += 1)
                  sum += padded[2 * i + y]![2 * j + x]![c]! * of('conv/kernel')[((y * 3 + x) * 3 + c) * 4 + k]!;
            const scaled = (sum - of('bn/moving_mean')[k]!) / Math.sqrt(of('bn/moving_variance')[k]! + 0.001);
            return Math.max(0, of('bn/gamma')[k]! * scaled + of('bn/beta')[k]!);
          }),
        ),
      );
      const around = pad(relu, 1, 1, relu.length + 2, relu[0]!.length + 2, 4);
      return relu.map((row, i) =>
        row.map((cell, j) =>
          cell.map((v, k) => {
            let sum = 0;
            for (let y = 0; y < 3; y += 1)
              for (let x = 0; x < 3; x += 1)
                sum += around[i + y]![j + x]![k]! * of('depth/depthwise_kernel')[(y * 3 + x) * 4 + k]!;
            return v + Math.min(6, Math.max(0, sum));
          }),
        ),
      );
    },
  };
}
