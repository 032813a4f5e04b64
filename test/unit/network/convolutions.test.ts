import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { nativeBackend } from '../../../src/main/engine/network/tf/binding.ts';
import { convolved, padded, type Convolution } from '../../../src/main/engine/network/tf/convolutions.ts';
import { recorded } from '../../../src/main/engine/network/tf/recorded.ts';
import { loadTensorFlow, type Tf } from '../../../src/main/engine/network/tf/tf-runtime.ts';

const AGREEMENT = 1e-5;

/** TensorFlow itself, where it is installed. */
const tensorFlow = await loadTensorFlow('tensorflow').then(
  (t) => t.tf,
  (error: unknown) => {
    if (process.env['COVIS_REQUIRE_TENSORFLOW'] === '1') throw error;
    return undefined;
  },
);

interface Case {
  /** [N, H, W, C]. */
  readonly map: readonly [number, number, number, number];
  /** [O, I, h, w]. */
  readonly kernel: readonly [number, number, number, number];
  readonly stride: number;
  readonly pads: readonly number[];
  readonly rectifier?: 'Relu' | 'Relu6';
}

/** What `paddingOf` tells apart, and kernels of more columns than oneDNN compiles gradients for. */
const CASES: Readonly<Record<string, Case>> = {
  'a point': { map: [2, 5, 6, 8], kernel: [12, 8, 1, 1], stride: 1, pads: [0, 0, 0, 0], rectifier: 'Relu6' },
  'a point with many channels': { map: [2, 3, 4, 8], kernel: [256, 8, 1, 1], stride: 1, pads: [0, 0, 0, 0] },
  'a point with a stride': {
    map: [2, 7, 6, 8],
    kernel: [4, 8, 1, 1],
    stride: 2,
    pads: [0, 0, 0, 0],
    rectifier: 'Relu',
  },
  'a point with a stride, even': { map: [1, 16, 16, 4], kernel: [8, 4, 1, 1], stride: 2, pads: [0, 0, 0, 0] },
  'a point with a stride between paddings': { map: [2, 7, 6, 4], kernel: [8, 4, 1, 1], stride: 2, pads: [1, 0, 2, 1] },
  'a point with a stride and many channels': {
    map: [2, 7, 6, 16],
    kernel: [4, 16, 1, 1],
    stride: 2,
    pads: [0, 0, 0, 0],
    rectifier: 'Relu',
  },
  '3 x 3': { map: [2, 7, 6, 5], kernel: [4, 5, 3, 3], stride: 1, pads: [1, 1, 1, 1], rectifier: 'Relu' },
  '3 x 3, every second place, even': { map: [2, 8, 6, 5], kernel: [4, 5, 3, 3], stride: 2, pads: [1, 1, 1, 1] },
  '3 x 3, every second place, more behind': { map: [2, 8, 6, 5], kernel: [4, 5, 3, 3], stride: 2, pads: [0, 0, 1, 1] },
  '3 x 3 of more weights than are turned at once': {
    map: [2, 3, 4, 240],
    kernel: [250, 240, 3, 3],
    stride: 1,
    pads: [1, 1, 1, 1],
    rectifier: 'Relu',
  },
  '1 x 5': { map: [2, 4, 9, 3], kernel: [4, 3, 1, 5], stride: 1, pads: [0, 2, 0, 2] },
  '3 x 3, other paddings on every side': {
    map: [2, 7, 6, 5],
    kernel: [4, 5, 3, 3],
    stride: 1,
    pads: [2, 1, 0, 3],
    rectifier: 'Relu6',
  },
  'each channel, other paddings on every side': {
    map: [2, 9, 8, 16],
    kernel: [16, 1, 3, 3],
    stride: 2,
    pads: [2, 1, 0, 3],
  },
  'each channel, 5 x 5, other paddings on every side': {
    map: [2, 9, 8, 16],
    kernel: [16, 1, 5, 5],
    stride: 1,
    pads: [3, 0, 1, 2],
  },
  'each channel, 3 x 3': {
    map: [2, 7, 6, 16],
    kernel: [16, 1, 3, 3],
    stride: 1,
    pads: [1, 1, 1, 1],
    rectifier: 'Relu6',
  },
  'each channel, every second place': { map: [2, 8, 10, 16], kernel: [16, 1, 3, 3], stride: 2, pads: [1, 1, 1, 1] },
  'each channel, twice': { map: [2, 8, 7, 8], kernel: [16, 1, 3, 3], stride: 2, pads: [0, 0, 0, 0] },
  'each channel, 5 x 5': {
    map: [2, 9, 8, 16],
    kernel: [16, 1, 5, 5],
    stride: 1,
    pads: [2, 2, 2, 2],
    rectifier: 'Relu6',
  },
  'each channel, 5 x 5, every second place': {
    map: [2, 9, 12, 16],
    kernel: [16, 1, 5, 5],
    stride: 2,
    pads: [1, 1, 2, 2],
  },
  'each channel, 7 x 7': { map: [2, 9, 11, 16], kernel: [16, 1, 7, 7], stride: 1, pads: [3, 3, 3, 3] },
};

function every(tf: Tf, map: Tensor4D, axis: number, stride: number): Tensor4D {
  const at = Array.from({ length: Math.ceil(map.shape[axis]! / stride) }, (_, i) => i * stride);
  return tf.gather(map, tf.tensor1d(at, 'int32'), axis);
}

/** Of TensorFlow.js' own operators. */
function composed(tf: Tf, x: Tensor4D, weight: Tensor4D, bias: Tensor, c: Convolution): Tensor {
  const kernel: Tensor4D = tf.transpose(weight, [2, 3, 1, 0]);
  const [rows, columns, , outputs] = kernel.shape;
  const all = padded(tf, x, c.pads);
  const point = rows === 1 && columns === 1;
  // TensorFlow's own gradient of a point with a stride may write behind its memory.
  const map = point ? every(tf, every(tf, all, 1, c.strides[0]), 2, c.strides[1]) : all;
  const y =
    c.group === 1
      ? tf.conv2d(map, kernel, point ? 1 : [...c.strides], 'valid')
      : tf.depthwiseConv2d(
          map,
          tf.reshape(kernel, [rows, columns, c.group, outputs / c.group]),
          [...c.strides],
          'valid',
        );
  const sum = tf.add(y, bias);
  return c.rectifier === undefined ? sum : c.rectifier === 'Relu' ? tf.relu(sum) : tf.clipByValue(sum, 0, 6);
}

/** Of numbers without their signs. */
function largestOf(t: Tensor): number {
  return (t.dataSync() as Float32Array).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
}

/** Operators that TensorFlow runs for a point with a stride and its gradients. */
function operatorsOf(channels: number, group: number): string[] {
  const tf = tensorFlow!;
  return tf.tidy(() => {
    const [x, w] = [tf.ones([1, 16, 16, channels]), tf.ones([8, channels / group, 1, 1])] as [Tensor4D, Tensor4D];
    const how: Convolution = { strides: [2, 2], dilations: [1, 1], pads: [0, 0, 0, 0], group, rectifier: undefined };
    const convolve = (a: Tensor, b: Tensor): Tensor => convolved(tf, a as Tensor4D, b as Tensor4D, undefined, how);
    const { recording } = recorded(nativeBackend(tf)!, () => tf.grads(convolve)([x, w]));
    return recording.operators
      .filter((o) => o.attributes.some((a) => a.name === 'strides' && String(a.value) === '1,2,2,1'))
      .map((o) => o.op);
  });
}

describe.skipIf(tensorFlow === undefined)('a convolution in one operator of TensorFlow', () => {
  it('never asks for the gradient of a kernel that writes behind its memory', () => {
    // Points of 1 to 12 channels with a stride ended processes, and changed what lay behind (TensorFlow 2.21, AVX-512).
    expect(operatorsOf(4, 1)).not.toContain('Conv2DBackpropFilter');
    expect(operatorsOf(8, 2)).not.toContain('Conv2DBackpropFilter');
    expect(operatorsOf(32, 1)).toContain('Conv2DBackpropFilter');
  });

  it.each(Object.keys(CASES))('gives the values and gradients of several: %s', (name) => {
    const tf = tensorFlow!;
    const { map, kernel, stride, pads, rectifier } = CASES[name]!;
    const r = random(7);
    const made = (shape: readonly number[]): Tensor =>
      tf.tensor(
        Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 4 * r.next() - 2),
        [...shape],
      );
    const how: Convolution = {
      strides: [stride, stride],
      dilations: [1, 1],
      pads,
      group: kernel[1] === 1 ? map[3] : 1,
      rectifier,
    };
    tf.tidy(() => {
      const given = [made(map), made(kernel), made([kernel[0]])] as [Tensor4D, Tensor4D, Tensor];
      const several = composed(tf, ...given, how);
      const dy = made(several.shape);
      const of = (make: typeof composed): Tensor[] => [
        make(tf, ...given, how),
        ...tf.grads((x, w, b) => make(tf, x as Tensor4D, w as Tensor4D, b as Tensor, how))(given, dy),
      ];
      const right = of(composed);
      of(convolved).forEach((t, i) => {
        expect(t.shape).toEqual(right[i]!.shape);
        const largest = largestOf(right[i]!);
        expect(largest).toBeGreaterThan(0);
        expect(largestOf(tf.sub(t, right[i]!))).toBeLessThan(AGREEMENT * largest);
      });
    });
  });
});
