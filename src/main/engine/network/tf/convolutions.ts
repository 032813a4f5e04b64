/**
 * Convolutions with their bias and rectifier as one operator of TensorFlow.js with a gradient of its own, where TensorFlow computes on the
 * processor. What TensorFlow.js makes of them takes half as long again. Here points are matrix products, which need no weights turned
 * around; padding is the convolution's own where that is as fast; of convolution, bias and rectifier only the last is kept.
 */
import type { NamedTensorMap, Tensor, Tensor4D } from '@tensorflow/tfjs';
import { NativeOperators, type Attributes, type Numbers } from './native.ts';
import { rectified, type Rectifier } from './rectifiers.ts';
import type { Tf } from './tf-runtime.ts';

export interface Convolution {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly number[];
  readonly group: number;
  readonly rectifier: Rectifier | undefined;
}

/** Channels last, as TensorFlow has it. */
type Shape = readonly [number, number, number, number];
type Kind = 'point' | 'depthwise' | 'plain';

interface Attrs {
  readonly strides: readonly [number, number];
  readonly pads: readonly number[];
  readonly rectifier: Rectifier | '';
}

/** Columns up to which oneDNN has compiled code for the gradient of a depthwise kernel. Wider ones take it ten times as long. */
const COMPILED_COLUMNS = 3;
/**
 * The gradient of a point's kernel with strides writes behind its own memory for fewer (oneDNN of TensorFlow 2.21, AVX-512; found with 1 to 12
 * channels, and not with 16 to 64).
 */
const FEW_CHANNELS = 16;
/** Up to here a product with ones sums them faster. */
const MANY_CHANNELS = 256;
/** From here on weights are turned in two steps: half a million take half as long so, two millions a third. */
const MANY_WEIGHTS = 1 << 19;
const NONE = [0, 0, 0, 0];
const ONE: Numbers = { dims: [], numbers: [1], floats: true };

/**
 * @param x [N, H, W, C]. @param weight as ONNX has it, [O, I, h, w].
 * @returns [N, H', W', O].
 */
export function convolved(tf: Tf, x: Tensor4D, weight: Tensor4D, bias: Tensor | undefined, how: Convolution): Tensor4D {
  const whole = inOne(tf, x, weight, bias, how);
  if (whole !== undefined) return whole;
  const { dilations, pads, group, rectifier } = how;
  const [outputs, perGroup, rows, columns] = weight.shape;
  const point = rows === 1 && columns === 1;
  const map = point ? places(tf, padded(tf, x, pads), how.strides) : padded(tf, x, pads);
  const strides = point ? ([1, 1] as const) : how.strides;
  const kernel: Tensor4D = tf.transpose(weight, [2, 3, 1, 0]);
  let y: Tensor4D;
  if (group === 1) y = tf.conv2d(map, kernel, [...strides], 'valid', 'NHWC', [...dilations]);
  else if (perGroup === 1 && group === x.shape[3])
    y = tf.depthwiseConv2d(map, byChannel(tf, kernel, group), [...strides], 'valid', 'NHWC', [...dilations]);
  else
    y = tf.concat<Tensor4D>(
      (tf.split(map, group, 3) as Tensor4D[]).map((part, i) => {
        const own = tf.slice(kernel, [0, 0, 0, (i * outputs) / group], [-1, -1, -1, outputs / group]);
        return tf.conv2d(part, own, [...strides], 'valid', 'NHWC', [...dilations]);
      }),
      3,
    );
  if (bias !== undefined) y = tf.add(y, bias);
  return rectifier === undefined ? y : (rectified(tf, y, rectifier === 'Relu6') as Tensor4D);
}

/** Of a map [N, H, W, C], those that a point with strides sees. The gradient of its kernel is not asked of TensorFlow: see {@link FEW_CHANNELS}. */
function places(tf: Tf, x: Tensor4D, strides: readonly [number, number]): Tensor4D {
  return strides.reduce((map, stride, axis) => {
    if (stride === 1) return map;
    return tf.gather(map, tf.range(0, map.shape[axis + 1]!, stride, 'int32'), axis + 1);
  }, x);
}

/** @param pads top, left, bottom, right, of a map [N, H, W, C]. */
export function padded(tf: Tf, x: Tensor4D, pads: readonly number[], value = 0): Tensor4D {
  if (pads.every((p) => p === 0)) return x;
  const [top, left, bottom, right] = pads as Shape;
  return tf.pad(
    x,
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    value,
  );
}

/** [O, I, h, w] to [h, w, I, O], and back. Many weights are turned in two steps that TensorFlow has fast ways for, as are all gradients. */
function turned(tf: Tf, native: NativeOperators, weight: Tensor4D): Tensor4D {
  const [outputs, inputs, rows, columns] = weight.shape;
  const forward = (w: Tensor): Tensor => {
    if (w.size < MANY_WEIGHTS) return native.transposed(w, [2, 3, 1, 0]);
    const matrix = native.transposed(native.reshaped(w, [outputs, inputs * rows * columns]), [1, 0]);
    const blocks = native.transposed(native.reshaped(matrix, [inputs, rows * columns, outputs]), [1, 0, 2]);
    return native.reshaped(blocks, [rows, columns, inputs, outputs]);
  };
  const back = (dy: Tensor): Tensor => {
    const blocks = native.transposed(native.reshaped(dy, [rows * columns, inputs, outputs]), [1, 0, 2]);
    const matrix = native.reshaped(blocks, [inputs * rows * columns, outputs]);
    return native.reshaped(native.transposed(matrix, [1, 0]), weight.shape);
  };
  return withGradient(tf, weight, forward, back);
}

/** [C O, 1, h, w] of each channel by itself to [h, w, C, O], and back. */
function turnedByChannel(tf: Tf, native: NativeOperators, weight: Tensor4D, channels: number): Tensor4D {
  const [outputs, , rows, columns] = weight.shape;
  const matrix = [outputs, rows * columns];
  const forward = (w: Tensor): Tensor =>
    native.reshaped(native.transposed(native.reshaped(w, matrix), [1, 0]), [
      rows,
      columns,
      channels,
      outputs / channels,
    ]);
  const back = (dy: Tensor): Tensor =>
    native.reshaped(native.transposed(native.reshaped(dy, matrix.toReversed()), [1, 0]), weight.shape);
  return withGradient(tf, weight, forward, back);
}

function withGradient(tf: Tf, x: Tensor4D, forward: (x: Tensor) => Tensor, back: (dy: Tensor) => Tensor): Tensor4D {
  return tf.customGrad((v) => ({ value: forward(v as Tensor), gradFunc: back }))(x) as Tensor4D;
}

/** [h, w, 1, O] to [h, w, C, O / C]. */
function byChannel(tf: Tf, kernel: Tensor4D, channels: number): Tensor4D {
  const [rows, columns, , outputs] = kernel.shape;
  return tf.reshape(kernel, [rows, columns, channels, outputs / channels]);
}

/** Undefined where TensorFlow has no such operator on the processor: in groups, dilated, with strides that differ. */
function inOne(
  tf: Tf,
  x: Tensor4D,
  weight: Tensor4D,
  bias: Tensor | undefined,
  { strides, dilations, pads, group, rectifier }: Convolution,
): Tensor4D | undefined {
  const native = NativeOperators.of(tf);
  if (native === undefined || native.onGpu || dilations.some((d) => d !== 1)) return undefined;
  const [, perGroup, rows, columns] = weight.shape;
  const whole = strides.every((s) => s === 1) && pads.every((p) => p === 0);
  let kind: Kind;
  let kernel: Tensor = weight;
  if (group === 1 && rows === 1 && columns === 1 && whole) kind = 'point';
  else if (group === 1) {
    kind = 'plain';
    kernel = turned(tf, native, weight);
  } else if (perGroup === 1 && group === x.shape[3] && strides[0] === strides[1]) {
    kind = 'depthwise';
    kernel = turnedByChannel(tf, native, weight, group);
  } else return undefined;
  const name = register(tf, kind, bias !== undefined);
  const inputs: NamedTensorMap = bias === undefined ? { x, kernel } : { x, kernel, bias };
  const attrs = { strides: [...strides], pads: [...pads], rectifier: rectifier ?? '' };
  return tf.engine().runKernel(name, inputs, attrs) as Tensor4D;
}

/** Tells TensorFlow.js of the operator. @returns its name. */
function register(tf: Tf, kind: Kind, biased: boolean): string {
  const kernelName = `Covis ${kind} convolution${biased ? ' with bias' : ''}`;
  if ((tf.getKernel(kernelName, 'tensorflow') as unknown) !== undefined) return kernelName;
  const native = NativeOperators.of(tf)!;
  const how = { point: new Points(native), depthwise: new Depthwise(tf, native), plain: new Plain(native) }[kind];
  tf.registerKernel({
    kernelName,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs }) => {
      const { x, kernel, bias } = inputs as unknown as NamedTensorMap;
      const { rectifier, ...own } = attrs as unknown as Attrs;
      return tf.tidy(() => {
        let y = how.forward(x!, kernel!, own);
        if (bias !== undefined) y = replaced(y, native.run('BiasAdd', [y, bias], { data_format: 'NHWC' }));
        return rectifier === '' ? y : replaced(y, native.run(rectifier, [y]));
      });
    },
  });
  tf.registerGradient({
    kernelName,
    inputsToSave: ['x', 'kernel'],
    outputsToSave: [true],
    gradFunc: (dys, saved, attrs) => {
      const [x, kernel, y] = saved as [Tensor, Tensor, Tensor];
      const { rectifier, ...own } = attrs as unknown as Attrs;
      const dy = how.prepared(rectifier === '' ? (dys as Tensor) : native.run(`${rectifier}Grad`, [dys as Tensor, y]));
      return {
        x: () => how.toInput(dy, x, kernel, own),
        kernel: () => how.toKernel(dy, x, kernel, own),
        ...(biased && { bias: () => summed(native, dy) }),
      };
    },
  });
  return kernelName;
}

/** The first is needed no more. */
function replaced(y: Tensor, by: Tensor): Tensor {
  y.dispose();
  return by;
}

/** Over all but the last axis. With few channels a product with ones takes half as long as the operator that is made for it. */
function summed(native: NativeOperators, dy: Tensor): Tensor {
  const channels = dy.shape.at(-1)!;
  if (channels >= MANY_CHANNELS) return native.run('BiasAddGrad', [dy], { data_format: 'NHWC' });
  const rows = dy.size / channels;
  const ones = native.run('Fill', [{ dims: [2], numbers: [1, rows] }, ONE], {}, 'index_type');
  const matrix = dy.rank === 2 ? dy : native.reshaped(dy, [rows, channels]);
  return native.reshaped(product(native, ones, matrix), [channels]);
}

function product(native: NativeOperators, a: Tensor, b: Tensor, turned: { a?: boolean; b?: boolean } = {}): Tensor {
  return native.run('MatMul', [a, b], { transpose_a: turned.a === true, transpose_b: turned.b === true });
}

type Own = Omit<Attrs, 'rectifier'>;

/** Forward, and the gradient's two sides. */
interface Way {
  forward(x: Tensor, kernel: Tensor, own: Own): Tensor;
  /** The gradient of what was made, as the two sides take it. */
  prepared(dy: Tensor): Tensor;
  toInput(dy: Tensor, x: Tensor, kernel: Tensor, own: Own): Tensor;
  toKernel(dy: Tensor, x: Tensor, kernel: Tensor, own: Own): Tensor;
}

/** One row and one column, every place: the kernel stays in ONNX's order, [O, I, 1, 1]. */
class Points implements Way {
  readonly #native: NativeOperators;

  constructor(native: NativeOperators) {
    this.#native = native;
  }

  forward(x: Tensor, kernel: Tensor): Tensor {
    const y = product(this.#native, this.#rows(x), this.#matrix(kernel), { b: true });
    return this.#native.reshaped(y, [...x.shape.slice(0, 3), kernel.shape[0]!]);
  }

  prepared(dy: Tensor): Tensor {
    return this.#rows(dy);
  }

  toInput(dy: Tensor, x: Tensor, kernel: Tensor): Tensor {
    return this.#native.reshaped(product(this.#native, dy, this.#matrix(kernel)), x.shape);
  }

  toKernel(dy: Tensor, x: Tensor, kernel: Tensor): Tensor {
    return this.#native.reshaped(product(this.#native, dy, this.#rows(x), { a: true }), kernel.shape);
  }

  #rows(map: Tensor): Tensor {
    const channels = map.shape[3]!;
    return this.#native.reshaped(map, [map.size / channels, channels]);
  }

  #matrix(kernel: Tensor): Tensor {
    return this.#native.reshaped(kernel, kernel.shape.slice(0, 2));
  }
}

/** A kernel of rows and columns, in TensorFlow's order. */
class Plain implements Way {
  protected readonly op: string = 'Conv2D';
  protected readonly ofInput: string = 'Conv2DBackpropInput';
  protected readonly ofKernel: string = 'Conv2DBackpropFilter';
  protected readonly native: NativeOperators;

  constructor(native: NativeOperators) {
    this.native = native;
  }

  forward(x: Tensor, kernel: Tensor, own: Own): Tensor {
    const padding = paddingOf(x, kernel, own);
    return this.native.run(this.op, [padding === 'SAME' ? x : this.padded(x, own.pads), kernel], windows(own, padding));
  }

  prepared(dy: Tensor): Tensor {
    return dy;
  }

  toInput(dy: Tensor, x: Tensor, kernel: Tensor, own: Own): Tensor {
    const padding = paddingOf(x, kernel, own);
    const [top, left, bottom, right] = padding === 'SAME' ? [0, 0, 0, 0] : (own.pads as Shape);
    const [n, h, w, c] = x.shape as unknown as Shape;
    const sizes = listed([n, h + top + bottom, w + left + right, c]);
    const dx = this.native.run(this.ofInput, [sizes, kernel, dy], windows(own, padding));
    if (top + left + bottom + right === 0) return dx;
    return this.native.run('Slice', [dx, listed([0, top, left, 0]), listed(x.shape)], {}, 'Index');
  }

  toKernel(dy: Tensor, x: Tensor, kernel: Tensor, own: Own): Tensor {
    const padding = paddingOf(x, kernel, own);
    const whole = padding === 'SAME' ? x : this.padded(x, own.pads);
    const [rows, columns, channels] = kernel.shape as unknown as Shape;
    if (rows === 1 && columns === 1 && channels < FEW_CHANNELS) return this.#ofPoints(dy, whole, kernel, own.strides);
    return this.native.run(this.ofKernel, [whole, listed(kernel.shape), dy], windows(own, padding));
  }

  /** The same as a product of the places that the kernel saw. */
  #ofPoints(dy: Tensor, x: Tensor, kernel: Tensor, strides: Own['strides']): Tensor {
    const [n, h, w, outputs] = dy.shape as unknown as Shape;
    const channels = x.shape[3]!;
    const [down, right] = strides;
    const end = listed([n, (h - 1) * down + 1, (w - 1) * right + 1, channels]);
    const seen = this.native.run('StridedSlice', [x, listed(NONE), end, listed([1, down, right, 1])], {}, 'Index');
    const [from, to] = [
      this.native.reshaped(seen, [n * h * w, channels]),
      this.native.reshaped(dy, [n * h * w, outputs]),
    ];
    return this.native.reshaped(product(this.native, from, to, { a: true }), kernel.shape);
  }

  protected padded(x: Tensor, pads: readonly number[]): Tensor {
    if (pads.every((p) => p === 0)) return x;
    const [top, left, bottom, right] = pads as Shape;
    const numbers = [0, 0, top, bottom, left, right, 0, 0];
    return this.native.run('Pad', [x, { dims: [4, 2], numbers }], {}, 'Tpaddings');
  }
}

/** As a tensor of one axis. */
function listed(numbers: readonly number[]): Numbers {
  return { dims: [numbers.length], numbers };
}

/** Every channel by itself. */
class Depthwise extends Plain {
  readonly #tf: Tf;
  protected override readonly op = 'DepthwiseConv2dNative';
  protected override readonly ofInput = 'DepthwiseConv2dNativeBackpropInput';
  protected override readonly ofKernel = 'DepthwiseConv2dNativeBackpropFilter';

  constructor(tf: Tf, native: NativeOperators) {
    super(native);
    this.#tf = tf;
  }

  override forward(x: Tensor, kernel: Tensor, own: Own): Tensor {
    const same = paddingOf(x, kernel, own) === 'SAME';
    return this.native.run(this.op, [x, kernel], windows(own, same ? 'SAME' : 'EXPLICIT'));
  }

  override toKernel(dy: Tensor, x: Tensor, kernel: Tensor, own: Own): Tensor {
    const [rows, columns, ...channels] = kernel.shape as unknown as Shape;
    if (columns <= COMPILED_COLUMNS) return super.toKernel(dy, x, kernel, own);
    const map = this.padded(x, own.pads);
    const reach = (dy.shape[2]! - 1) * own.strides[1];
    const parts: Tensor[] = [];
    for (let from = 0; from < columns; from += COMPILED_COLUMNS) {
      const width = Math.min(COMPILED_COLUMNS, columns - from);
      const strip = [map, listed([0, 0, from, 0]), listed([-1, -1, reach + width, -1])];
      parts.push(
        this.native.run(
          this.ofKernel,
          [this.native.run('Slice', strip, {}, 'Index'), listed([rows, width, ...channels]), dy],
          windows({ ...own, pads: NONE }, 'VALID'),
        ),
      );
    }
    return this.#tf.concat(parts, 1);
  }
}

type Padding = 'SAME' | 'VALID' | 'EXPLICIT';

/** `SAME` where TensorFlow would choose the very same padding, so that none has to be made. */
function paddingOf(x: Tensor, kernel: Tensor, { strides, pads }: Own): Padding {
  const same = [0, 1].every((axis) => {
    const [size, window, stride] = [x.shape[axis + 1]!, kernel.shape[axis]!, strides[axis as 0 | 1]];
    const all = Math.max(0, (Math.ceil(size / stride) - 1) * stride + window - size);
    return pads[axis] === all >> 1 && pads[axis + 2] === all - (all >> 1);
  });
  return same ? 'SAME' : 'VALID';
}

function windows({ strides, pads }: Own, padding: Padding): Attributes {
  const [top, left, bottom, right] = pads as Shape;
  return {
    strides: [1, ...strides, 1],
    padding,
    data_format: 'NHWC',
    dilations: [1, 1, 1, 1],
    ...(padding === 'EXPLICIT' && { explicit_paddings: [0, 0, top, bottom, left, right, 0, 0] }),
  };
}
