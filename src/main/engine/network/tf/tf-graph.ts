import type { Tensor, Tensor4D, Variable } from '@tensorflow/tfjs';
import { CovisError } from '../../../../shared/errors.ts';
import { floatOf, intOf, intsOf, stringOf, type Graph, type OnnxNode } from '../onnx/graph.ts';
import { convolved, padded } from './convolutions.ts';
import { evaluateHost, vector, type HostValue } from './host.ts';
import { raised } from './powers.ts';
import { rectified, rectifiersOf, type Rectifier } from './rectifiers.ts';
import type { Tf } from './tf-runtime.ts';

/** Constants up to this size may take part in computing sizes. */
const HOST_ELEMENTS = 64;
const LOWEST = -3.4028234663852886e38;
/** Where an axis is, channels last. */
const LAST = [0, 3, 1, 2];

/**
 * A tensor of the graph. Feature maps stay in the order that TensorFlow's convolutions want, [N, H, W, C], from one operator to the
 * next; `last` says so. Everything else is in ONNX's order.
 */
interface Value {
  readonly tensor: Tensor;
  readonly last: boolean;
  /** Known to be above zero everywhere. */
  readonly positive?: boolean;
}

type Values = Map<string, Value>;

/** Runs an ONNX graph with TensorFlow.js operators, all of which have gradients. */
export class TfGraph {
  readonly #tf: Tf;
  readonly #graph: Graph;
  readonly #constants: Values = new Map();
  readonly #small = new Map<string, HostValue>();
  /** What follows a convolution and nothing else follows, by the convolution's output. */
  readonly #rectifiers: ReadonlyMap<string, { readonly kind: Rectifier; readonly output: string }>;

  /** @param trained names whose values are given with every run. */
  constructor(tf: Tf, graph: Graph, trained: ReadonlySet<string>) {
    this.#tf = tf;
    this.#graph = graph;
    this.#rectifiers = rectifiersOf(graph);
    for (const [name, t] of graph.initializers) {
      if (trained.has(name)) continue;
      const whole = !(t.data instanceof Float32Array);
      if (t.data.length <= HOST_ELEMENTS)
        this.#small.set(name, { dims: t.dims, data: Array.from(t.data as ArrayLike<number | bigint>, Number), whole });
      if (!whole)
        this.#constants.set(name, { tensor: tf.keep(tf.tensor(t.data as Float32Array, [...t.dims])), last: false });
    }
  }

  /** @param images [N, C, H, W] by input name. @returns the named output, in ONNX's order. Call it inside `tidy`. */
  run(images: Readonly<Record<string, Tensor>>, weights: ReadonlyMap<string, Variable>, output: string): Tensor {
    return this.runAll(images, weights, [output])[0]!;
  }

  /** As {@link run}, of several outputs. */
  runAll(
    images: Readonly<Record<string, Tensor>>,
    weights: ReadonlyMap<string, Variable>,
    outputs: readonly string[],
  ): Tensor[] {
    const values: Values = new Map(this.#constants);
    const host = new Map<string, HostValue>();
    for (const [name, tensor] of Object.entries(images)) values.set(name, { tensor, last: false });
    for (const [name, tensor] of weights) values.set(name, { tensor, last: false });
    for (const node of this.#graph.nodes) {
      const out = node.outputs[0]!;
      if (node.op === 'Shape') {
        host.set(out, vector(this.#shapeOf(values.get(node.inputs[0]!)!)));
        continue;
      }
      if (this.#onHost(node, host)) {
        host.set(
          out,
          evaluateHost(
            node,
            node.inputs.map((i) => host.get(i) ?? this.#small.get(i)),
          ),
        );
        continue;
      }
      if (values.has(out)) continue;
      const evaluate = new NodeEvaluator(this.#tf, node, values, (name) => host.get(name) ?? this.#small.get(name));
      const rectifier = outputs.includes(out) ? undefined : this.#rectifiers.get(out);
      values.set(rectifier?.output ?? out, evaluate.run(rectifier?.kind));
    }
    return outputs.map((output) => {
      const result = values.get(output);
      if (result === undefined) throw new CovisError('INTERNAL', `The graph does not compute ${output}`);
      return ordered(this.#tf, result);
    });
  }

  /** Weights that are not given with a run, by name. */
  get constants(): ReadonlyMap<string, Tensor> {
    return new Map([...this.#constants].map(([name, { tensor }]) => [name, tensor]));
  }

  dispose(): void {
    for (const { tensor } of this.#constants.values()) tensor.dispose();
    this.#constants.clear();
  }

  /** Sizes come of shapes: what has one among its inputs and no tensor is computed in numbers. */
  #onHost(node: OnnxNode, host: ReadonlyMap<string, HostValue>): boolean {
    const given = node.inputs.filter((i) => i !== '');
    return (
      given.some((i) => host.has(i) || this.#small.get(i)?.whole === true) &&
      given.every((i) => host.has(i) || this.#small.has(i))
    );
  }

  #shapeOf(v: Value): number[] {
    const s = v.tensor.shape;
    return v.last ? [s[0]!, s[3]!, s[1]!, s[2]!] : [...s];
  }
}

function ordered(tf: Tf, v: Value): Tensor {
  return v.last ? tf.transpose(v.tensor, [0, 3, 1, 2]) : v.tensor;
}

/** One operator. */
class NodeEvaluator {
  readonly #tf: Tf;
  readonly #node: OnnxNode;
  readonly #values: Values;
  readonly #small: (name: string) => HostValue | undefined;

  constructor(tf: Tf, node: OnnxNode, values: Values, small: (name: string) => HostValue | undefined) {
    this.#tf = tf;
    this.#node = node;
    this.#values = values;
    this.#small = small;
  }

  /** @param rectifier that of a convolution's map, if it has one. */
  run(rectifier?: Rectifier): Value {
    const tf = this.#tf;
    const node = this.#node;
    const unary = UNARY[node.op];
    if (unary !== undefined) {
      const x = this.#value(0);
      return { tensor: unary(tf, x.tensor, node), last: x.last };
    }
    if (node.op === 'Pow' && this.#value(0).positive === true && this.#value(1).tensor.size === 1) {
      const x = this.#value(0);
      return { tensor: raised(tf, x.tensor, this.#value(1).tensor), last: x.last };
    }
    const binary = BINARY[node.op];
    if (binary !== undefined) return this.#fold(binary);
    switch (node.op) {
      case 'Clip':
        return this.#clip();
      case 'Conv':
        return this.#conv(rectifier);
      case 'MaxPool':
      case 'AveragePool':
        return this.#pool();
      case 'GlobalAveragePool':
      case 'GlobalMaxPool': {
        const x = this.#last(0);
        const pooled = node.op === 'GlobalMaxPool' ? tf.max(x, [1, 2], true) : tf.mean(x, [1, 2], true);
        return { tensor: pooled, last: true };
      }
      case 'ReduceMean':
      case 'ReduceSum':
      case 'ReduceMax':
        return this.#reduce();
      case 'Concat':
        return this.#concat();
      case 'Slice':
        return this.#slice();
      case 'Pad':
        return this.#pad();
      case 'LRN':
        return this.#lrn();
      case 'Transpose': {
        const x = this.#first(0);
        return plain(tf.transpose(x, [...(intsOf(node, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i))]));
      }
      case 'Flatten': {
        const x = this.#first(0);
        const axis = intOf(node, 'axis', 1);
        const rows = x.shape.slice(0, axis).reduce((a, b) => a * b, 1);
        return plain(tf.reshape(x, [rows, x.size / rows]));
      }
      case 'Reshape': {
        const x = this.#first(0);
        const shape = this.#sizes(1).map((s, i) => (s === 0 ? x.shape[i]! : s));
        return plain(tf.reshape(x, shape));
      }
      case 'Squeeze': {
        const x = this.#first(0);
        const axes = new Set(this.#sizes(1).map((a) => (a < 0 ? a + x.shape.length : a)));
        return plain(
          tf.reshape(
            x,
            x.shape.filter((_, i) => !axes.has(i)),
          ),
        );
      }
      case 'Unsqueeze': {
        const x = this.#first(0);
        const axes = this.#sizes(1);
        const rank = x.shape.length + axes.length;
        const fresh = new Set(axes.map((a) => (a < 0 ? a + rank : a)));
        let k = 0;
        return plain(
          tf.reshape(
            x,
            Array.from({ length: rank }, (_, i) => (fresh.has(i) ? 1 : x.shape[k++]!)),
          ),
        );
      }
      case 'MatMul':
        return plain(tf.matMul(this.#first(0), this.#first(1)));
      case 'Gemm':
        return this.#gemm();
      case 'DepthToSpace': {
        if (stringOf(node, 'mode', 'DCR') !== 'DCR') throw this.#unsupported();
        return { tensor: tf.depthToSpace(this.#last(0), intOf(node, 'blocksize', 1), 'NHWC'), last: true };
      }
      default:
        throw this.#unsupported();
    }
  }

  #unsupported(why = ''): CovisError {
    return new CovisError(
      'INPUT_UNSUPPORTED',
      `TensorFlow.js has no way to compute ${this.#node.op} of node ${this.#node.name}${why}`,
      { hint: 'Train with ONNX Runtime: --backend cpu or webgpu.' },
    );
  }

  #has(i: number): boolean {
    const name = this.#node.inputs[i];
    return name !== undefined && name !== '';
  }

  #value(i: number): Value {
    const name = this.#node.inputs[i]!;
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const small = this.#small(name);
    if (small === undefined) throw new CovisError('INTERNAL', `Nothing computes ${name}`);
    return plain(this.#tf.tensor([...small.data], [...small.dims], 'float32'));
  }

  /** In ONNX's order. */
  #first(i: number): Tensor {
    return ordered(this.#tf, this.#value(i));
  }

  /** Channels last. */
  #last(i: number): Tensor4D {
    const v = this.#value(i);
    return (v.last ? v.tensor : this.#tf.transpose(v.tensor, [0, 2, 3, 1])) as Tensor4D;
  }

  /** Whole numbers that must be known: axes, shapes, amounts. */
  #sizes(i: number): readonly number[] {
    const small = this.#small(this.#node.inputs[i]!);
    if (small === undefined) throw this.#unsupported(', whose sizes depend on values');
    return small.data;
  }

  /** Feature maps of one order stay in it; what broadcasts over channels is turned with them. */
  #fold(op: (tf: Tf, a: Tensor, b: Tensor) => Tensor): Value {
    const inputs = this.#node.inputs.map((_, i) => this.#value(i));
    const follows = (v: Value): boolean =>
      v.last ||
      v.tensor.size === 1 ||
      v.tensor.shape.length === 4 ||
      (v.tensor.shape.length === 3 && v.tensor.shape[1] === 1 && v.tensor.shape[2] === 1);
    const last = inputs.some((v) => v.last) && inputs.every(follows);
    const tensors = inputs.map((v, i) => {
      if (!last) return this.#first(i);
      if (v.last || v.tensor.size === 1) return v.tensor;
      return v.tensor.shape.length === 4 ? this.#last(i) : this.#tf.reshape(v.tensor, [v.tensor.shape[0]!]);
    });
    return { tensor: tensors.reduce((a, b) => op(this.#tf, a, b)), last };
  }

  #clip(): Value {
    const x = this.#value(0);
    const limit = (i: number): number | undefined => (this.#has(i) ? this.#sizes(i)[0] : undefined);
    let { tensor } = x;
    const low = limit(1);
    const high = limit(2);
    // At its limit no gradient passes, which `maximum` would let through: dead channels are at exactly zero.
    if (low === 0 && high === 6) return { tensor: rectified(this.#tf, tensor, true), last: x.last };
    if (low === 0) tensor = rectified(this.#tf, tensor, false);
    else if (low !== undefined && low > LOWEST) tensor = this.#tf.maximum(tensor, low);
    if (high !== undefined && high < -LOWEST) tensor = this.#tf.minimum(tensor, high);
    return { tensor, last: x.last, positive: low !== undefined && low > 0 && (high === undefined || high > 0) };
  }

  #window(): { kernel: number[]; strides: [number, number]; dilations: [number, number]; pads: number[] } {
    const node = this.#node;
    const kernel = [...(intsOf(node, 'kernel_shape') ?? this.#value(1).tensor.shape.slice(2))];
    if (kernel.length !== 2) throw this.#unsupported(', which is not two-dimensional');
    return {
      kernel,
      strides: [...(intsOf(node, 'strides') ?? [1, 1])] as [number, number],
      dilations: [...(intsOf(node, 'dilations') ?? [1, 1])] as [number, number],
      pads: [...(intsOf(node, 'pads') ?? [0, 0, 0, 0])],
    };
  }

  #conv(rectifier: Rectifier | undefined): Value {
    const { strides, dilations, pads } = this.#window();
    const group = intOf(this.#node, 'group', 1);
    const bias = this.#has(2) ? this.#first(2) : undefined;
    const how = { strides, dilations, pads, group, rectifier };
    return { tensor: convolved(this.#tf, this.#last(0), this.#first(1) as Tensor4D, bias, how), last: true };
  }

  #pool(): Value {
    const tf = this.#tf;
    const { kernel, strides, dilations, pads } = this.#window();
    const size = kernel as [number, number];
    if (dilations.some((d) => d !== 1)) throw this.#unsupported(' with dilations');
    const x = this.#last(0);
    const reach = [...pads];
    if (intOf(this.#node, 'ceil_mode', 0) === 1)
      for (const k of [0, 1]) {
        const length = x.shape[k + 1]! + pads[k]! + pads[k + 2]! - size[k]!;
        reach[k + 2]! += (strides[k]! - (length % strides[k]!)) % strides[k]!;
      }
    if (this.#node.op === 'MaxPool')
      return { tensor: tf.maxPool(padded(tf, x, reach, LOWEST), size, strides, 'valid'), last: true };
    const mean = tf.avgPool(padded(tf, x, reach), size, strides, 'valid');
    if (intOf(this.#node, 'count_include_pad', 0) === 1 || reach.every((p) => p === 0))
      return { tensor: mean, last: true };
    const ones = tf.ones([1, x.shape[1], x.shape[2], 1]) as Tensor4D;
    return { tensor: tf.div(mean, tf.avgPool(padded(tf, ones, reach), size, strides, 'valid')), last: true };
  }

  #reduce(): Value {
    const tf = this.#tf;
    const node = this.#node;
    const x = this.#value(0);
    const rank = x.tensor.shape.length;
    const axes = [...(intsOf(node, 'axes') ?? (this.#has(1) ? this.#sizes(1) : x.tensor.shape.map((_, i) => i)))].map(
      (a) => (a + rank) % rank,
    );
    const keep = intOf(node, 'keepdims', 1) === 1;
    const how = { ReduceMean: tf.mean, ReduceSum: tf.sum, ReduceMax: tf.max }[node.op as 'ReduceMean'];
    // Without its places a map is in either order the same.
    if (x.last && (keep || (axes.includes(2) && axes.includes(3))))
      return {
        tensor: how(
          x.tensor,
          axes.map((a) => LAST[a]!),
          keep,
        ),
        last: keep,
      };
    return plain(how(this.#first(0), axes, keep));
  }

  #concat(): Value {
    const inputs = this.#node.inputs.map((_, i) => this.#value(i));
    const last = inputs.every((v) => v.last);
    const rank = inputs[0]!.tensor.shape.length;
    const axis = (intOf(this.#node, 'axis', 0) + rank) % rank;
    if (!last)
      return plain(
        this.#tf.concat(
          inputs.map((_, i) => this.#first(i)),
          axis,
        ),
      );
    return {
      tensor: this.#tf.concat(
        inputs.map((v) => v.tensor),
        LAST[axis]!,
      ),
      last,
    };
  }

  #slice(): Value {
    const x = this.#first(0);
    const starts = this.#sizes(1);
    const ends = this.#sizes(2);
    const axes = this.#has(3) ? this.#sizes(3) : starts.map((_, i) => i);
    if (this.#has(4) && this.#sizes(4).some((s) => s !== 1)) throw this.#unsupported(' with steps');
    const begin = x.shape.map(() => 0);
    const size = [...x.shape];
    axes.forEach((a, k) => {
      const axis = a < 0 ? a + x.shape.length : a;
      const length = x.shape[axis]!;
      const limit = (v: number): number => Math.max(0, Math.min(length, v < 0 ? v + length : v));
      begin[axis] = limit(starts[k]!);
      size[axis] = limit(ends[k]!) - begin[axis];
    });
    return plain(this.#tf.slice(x, begin, size));
  }

  #pad(): Value {
    const amounts = this.#sizes(1);
    const value = this.#has(2) ? (this.#sizes(2)[0] ?? 0) : 0;
    if (stringOf(this.#node, 'mode', 'constant') !== 'constant' || amounts.some((a) => a < 0))
      throw this.#unsupported();
    const x = this.#first(0);
    const rank = x.shape.length;
    return plain(
      this.#tf.pad(
        x,
        Array.from({ length: rank }, (_, i): [number, number] => [amounts[i]!, amounts[i + rank]!]),
        value,
      ),
    );
  }

  #lrn(): Value {
    const tf = this.#tf;
    const size = intOf(this.#node, 'size', 5);
    const x = this.#last(0);
    const [n, h, w, channels] = x.shape;
    const below = Math.floor((size - 1) / 2);
    // The window runs over channels as pooling runs over columns.
    const planes = tf.reshape(tf.square(x), [n, h * w, channels, 1]);
    const windowed = tf.avgPool(
      padded(tf, planes as Tensor4D, [0, below, 0, size - 1 - below]),
      [1, size],
      [1, 1],
      'valid',
    );
    const squares = tf.mul(tf.reshape(windowed, [n, h, w, channels]), floatOf(this.#node, 'alpha', 1e-4));
    const s = tf.add(squares, floatOf(this.#node, 'bias', 1));
    return { tensor: tf.div(x, tf.pow(s, floatOf(this.#node, 'beta', 0.75))), last: true };
  }

  #gemm(): Value {
    const tf = this.#tf;
    const node = this.#node;
    const product = tf.matMul(
      this.#first(0),
      this.#first(1),
      intOf(node, 'transA', 0) === 1,
      intOf(node, 'transB', 0) === 1,
    );
    const alpha = floatOf(node, 'alpha', 1);
    const scaled = alpha === 1 ? product : tf.mul(product, alpha);
    if (!this.#has(2)) return plain(scaled);
    const beta = floatOf(node, 'beta', 1);
    return plain(tf.add(scaled, beta === 1 ? this.#first(2) : tf.mul(this.#first(2), beta)));
  }
}

function plain(tensor: Tensor): Value {
  return { tensor, last: false };
}

const BINARY: Readonly<Record<string, (tf: Tf, a: Tensor, b: Tensor) => Tensor>> = {
  Add: (tf, a, b) => tf.add(a, b),
  Sum: (tf, a, b) => tf.add(a, b),
  Sub: (tf, a, b) => tf.sub(a, b),
  Mul: (tf, a, b) => tf.mul(a, b),
  Div: (tf, a, b) => tf.div(a, b),
  Pow: (tf, a, b) => tf.pow(a, b),
  Max: (tf, a, b) => tf.maximum(a, b),
  Min: (tf, a, b) => tf.minimum(a, b),
};

const UNARY: Readonly<Record<string, (tf: Tf, x: Tensor, node: OnnxNode) => Tensor>> = {
  Identity: (tf, x) => tf.clone(x),
  Relu: (tf, x) => rectified(tf, x, false),
  LeakyRelu: (tf, x, node) => tf.leakyRelu(x, floatOf(node, 'alpha', 0.01)),
  Sigmoid: (tf, x) => tf.sigmoid(x),
  HardSigmoid: (tf, x, node) =>
    tf.clipByValue(tf.add(tf.mul(x, floatOf(node, 'alpha', 0.2)), floatOf(node, 'beta', 0.5)), 0, 1),
  HardSwish: (tf, x) => tf.mul(x, tf.clipByValue(tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1)),
  Tanh: (tf, x) => tf.tanh(x),
  Exp: (tf, x) => tf.exp(x),
  Log: (tf, x) => tf.log(x),
  Sqrt: (tf, x) => tf.sqrt(x),
  Neg: (tf, x) => tf.neg(x),
  Abs: (tf, x) => tf.abs(x),
  Sign: (tf, x) => tf.sign(x),
};
