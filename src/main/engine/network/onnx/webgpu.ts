/** Graphs as ONNX Runtime's WebGPU provider wants them: what it has no kernel for would be copied to the processor and back. */
import {
  floatOf,
  floatTensor,
  int,
  int64Tensor,
  intOf,
  ints,
  string,
  stringOf,
  type Attribute,
  type Graph,
  type OnnxNode,
} from './graph.ts';
import { einsumTerms, knownShapes } from './sizes.ts';
import type { Shapes } from './shapes.ts';

const FLOAT = 1;
/**
 * Inputs of one Concat. A kernel may bind 16 buffers; long tensors take several, which the runtime counts for inputs and not for what
 * comes out.
 */
export const MOST_JOINED = 8;
/** What the runtime takes into a convolution in front of it. It does so twice, and the second takes the place of the first (onnxruntime 1.30). */
const ACTIVATIONS = new Set([
  ...['Relu', 'LeakyRelu', 'ThresholdedRelu', 'PRelu', 'Elu', 'Selu', 'Celu', 'Clip', 'Sigmoid', 'HardSigmoid', 'Tanh'],
  ...['HardSwish', 'Softplus', 'Softsign', 'Gelu', 'Mish', 'Swish'],
]);
/** What it leaves out before that. */
const NOTHING = new Set(['Identity', 'Dropout']);
const LOWEST = -3.4028234663852886e38;
/** Powers up to this are products. */
const MOST_FACTORS = 8;

/** The graph with every operator that the provider lacks, or computes wrongly, written by those that it has. Equal for numbers but for rounding. */
export function forWebGpu(graph: Graph): Graph {
  const writer = new Writer(graph);
  return { ...graph, nodes: graph.nodes.flatMap((n) => writer.rewritten(n)), initializers: writer.initializers };
}

/**
 * Optimisers of the runtime that are wrong for a graph: an activation that it finds in many operators, by an error function or by x σ(b x), goes
 * into a convolution as others do, and {@link forWebGpu} does not see it.
 */
export function wrongOptimisers({ nodes }: Graph): string[] {
  const makers = new Map(nodes.flatMap((n) => n.outputs.map((o) => [o, n])));
  const gated = (x: string, by: string): boolean => {
    const gate = makers.get(by);
    const inside = gate?.op === 'Sigmoid' ? gate.inputs[0]! : undefined;
    return inside !== undefined && (inside === x || makers.get(inside)?.inputs.includes(x) === true);
  };
  const found = nodes.some(({ op, inputs }) => {
    const [a = '', b = ''] = inputs;
    return op === 'Erf' || (op === 'Mul' && (gated(a, b) || gated(b, a)));
  });
  return found ? ['ConvActivationFusion'] : [];
}

/** Writes one node as several, the last of which gives the node's own output. */
class Writer {
  readonly initializers: Graph['initializers'];
  readonly #graph: Graph;
  #shapes: Shapes | undefined;
  readonly #makers: ReadonlyMap<string, OnnxNode>;
  #nodes: OnnxNode[] = [];
  #at = '';
  #next = 0;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.initializers = new Map(graph.initializers);
    this.#makers = new Map(graph.nodes.flatMap((n) => n.outputs.map((o) => [o, n])));
  }

  rewritten(node: OnnxNode): OnnxNode[] {
    if (node.domain !== undefined) return [node];
    this.#nodes = [];
    this.#at = node.outputs[0] ?? node.name;
    this.#next = 0;
    const parts = node.op === 'Split' ? this.#parts(node) : undefined;
    if (parts !== undefined) return parts;
    const last = this.#lastOf(node);
    return last === undefined ? [node] : [...this.#nodes, { ...last, outputs: node.outputs }];
  }

  /** Undefined where the node may stay. */
  #lastOf(node: OnnxNode): OnnxNode | undefined {
    const x = node.inputs[0] ?? '';
    if (ACTIVATIONS.has(node.op)) return this.#isActivated(x) ? this.#second(node, x) : undefined;
    switch (node.op) {
      case 'Pow':
        return this.#power(node);
      case 'Sum':
      case 'Max':
      case 'Min':
        return this.#chain(node.op === 'Sum' ? 'Add' : node.op, node.inputs, node.op !== 'Sum');
      case 'Mean':
        return this.#node('Mul', [this.#put(this.#chain('Add', node.inputs)!), this.#scalar(1 / node.inputs.length)]);
      case 'Concat':
        return node.inputs.length > MOST_JOINED ? this.#joined(node) : undefined;
      case 'Sign':
        return this.#sign(x);
      case 'LogSoftmax':
        return this.#logSoftmax(node, x);
      case 'ConvTranspose':
        return this.#transposed(node);
      case 'LRN':
        return this.#localResponse(node, x);
      case 'SpaceToDepth':
        return this.#spaceToDepth(node, x);
      case 'Or':
        return this.#either(node.inputs);
      case 'Einsum':
        return this.#letters(node);
      default:
        return undefined;
    }
  }

  #node(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): OnnxNode {
    const name = `${this.#at}/webgpu_${this.#next++}`;
    return { op, name: `${name}:node`, inputs, outputs: [name], attributes };
  }

  #put(node: OnnxNode): string {
    this.#nodes.push(node);
    return node.outputs[0]!;
  }

  #whole(values: readonly number[]): string {
    const name = `webgpu/whole ${values.join()}`;
    this.initializers.set(name, int64Tensor([values.length], values));
    return name;
  }

  #scalar(value: number): string {
    const name = `webgpu/${value}`;
    this.initializers.set(name, floatTensor([], [value]));
    return name;
  }

  /** @param asIs two operands are what the provider has a kernel for. */
  #chain(op: string, inputs: readonly string[], asIs = false): OnnxNode | undefined {
    const [first, ...others] = inputs as [string, ...string[]];
    if (others.length === 0) return this.#node('Identity', [first]);
    if (asIs && others.length === 1) return undefined;
    const last = others.pop()!;
    return this.#node(op, [others.reduce((sum, x) => this.#put(this.#node(op, [sum, x])), first), last]);
  }

  #joined(node: OnnxNode): OnnxNode {
    let parts = [...node.inputs];
    while (parts.length > MOST_JOINED) {
      const groups = Math.ceil(parts.length / MOST_JOINED);
      const each = Math.ceil(parts.length / groups);
      parts = Array.from({ length: Math.ceil(parts.length / each) }, (_, i) => {
        const some = parts.slice(i * each, (i + 1) * each);
        return some.length === 1 ? some[0]! : this.#put(this.#node('Concat', some, node.attributes));
      });
    }
    return this.#node('Concat', parts, node.attributes);
  }

  #isActivated(x: string): boolean {
    const maker = this.#makers.get(x);
    if (maker === undefined) return false;
    return NOTHING.has(maker.op) ? this.#isActivated(maker.inputs[0] ?? '') : ACTIVATIONS.has(maker.op);
  }

  /** An activation of what is activated, in a form that no convolution takes. */
  #second(node: OnnxNode, x: string): OnnxNode {
    if (node.op === 'Relu') return this.#node('Max', [x, this.#scalar(0)]);
    if (node.op !== 'Clip') {
      const same = this.#put(this.#node('Max', [x, this.#scalar(LOWEST)]));
      return this.#node(node.op, [same, ...node.inputs.slice(1)], node.attributes);
    }
    const [, least = '', most = ''] = node.inputs;
    const above = this.#node('Max', [x, least === '' ? this.#scalar(LOWEST) : least]);
    return most === '' ? above : this.#node('Min', [least === '' ? x : this.#put(above), most]);
  }

  /** -1, 0 or 1. */
  #sign(x: string): OnnxNode {
    const is = (op: string): string =>
      this.#put(this.#node('Cast', [this.#put(this.#node(op, [x, this.#scalar(0)]))], { to: int(FLOAT) }));
    return this.#node('Sub', [is('Greater'), is('Less')]);
  }

  /** x - max - log Σ e^(x - max). */
  #logSoftmax(node: OnnxNode, x: string): OnnxNode {
    const axis = intOf(node, 'axis', -1);
    const most = this.#put(this.#node('ReduceMax', [x], { axes: ints([axis]), keepdims: int(1) }));
    const below = this.#put(this.#node('Sub', [x, most]));
    const axes = this.#whole([axis]);
    const sum = this.#put(this.#node('ReduceSum', [this.#put(this.#node('Exp', [below])), axes], { keepdims: int(1) }));
    return this.#node('Sub', [below, this.#put(this.#node('Log', [sum]))]);
  }

  /** Its kernel knows no dots for the axes that a term does not name. */
  #letters(node: OnnxNode): OnnxNode | undefined {
    if (!stringOf(node, 'equation', '').includes('.')) return undefined;
    const ranks = node.inputs.map((x) => this.#dimsOf(x)?.length);
    if (ranks.some((r) => r === undefined)) return undefined;
    const read = einsumTerms(node, ranks as number[]);
    if (read === undefined) return undefined;
    return this.#node('Einsum', node.inputs, { equation: string(`${read.terms.join(',')}->${read.out}`) });
  }

  #sizes(x: string, from: number, to: number): string {
    const shape = this.#put(this.#node('Shape', [x]));
    return this.#put(this.#node('Slice', [shape, this.#whole([from]), this.#whole([to]), this.#whole([0])]));
  }

  #reshaped(x: string, sizes: readonly string[]): OnnxNode {
    return this.#node('Reshape', [x, this.#put(this.#node('Concat', sizes, { axis: int(0) }))]);
  }

  /** x (bias + α/n Σ x²)^-β over n neighbouring channels, whose mean a pooling along them gives. */
  #localResponse(node: OnnxNode, x: string): OnnxNode {
    const size = intOf(node, 'size', 1);
    const before = Math.floor((size - 1) / 2);
    const planes = [this.#sizes(x, 0, 1), this.#whole([1]), this.#sizes(x, 1, 2), this.#whole([-1])];
    const squares = this.#put(this.#reshaped(this.#put(this.#node('Mul', [x, x])), planes));
    const attributes = {
      kernel_shape: ints([size, 1]),
      pads: ints([before, 0, size - 1 - before, 0]),
      count_include_pad: int(1),
    };
    const means = this.#put(this.#node('AveragePool', [squares], attributes));
    const like = this.#put(this.#node('Reshape', [means, this.#put(this.#node('Shape', [x]))]));
    const scaled = this.#put(this.#node('Mul', [like, this.#scalar(floatOf(node, 'alpha', 1e-4))]));
    const sum = this.#put(this.#node('Add', [scaled, this.#scalar(floatOf(node, 'bias', 1))]));
    return this.#node('Mul', [x, this.#put(this.#byLogarithm(sum, this.#scalar(-floatOf(node, 'beta', 0.75))))]);
  }

  #spaceToDepth(node: OnnxNode, x: string): OnnxNode {
    const block = this.#whole([intOf(node, 'blocksize', 1)]);
    const [rows, columns] = [2, 3].map((k) => this.#put(this.#node('Div', [this.#sizes(x, k, k + 1), block]))) as [
      string,
      string,
    ];
    const apart = this.#put(this.#reshaped(x, [this.#sizes(x, 0, 2), rows, block, columns, block]));
    const turned = this.#put(this.#node('Transpose', [apart], { perm: ints([0, 3, 5, 1, 2, 4]) }));
    return this.#reshaped(turned, [this.#sizes(x, 0, 1), this.#whole([-1]), rows, columns]);
  }

  /**
   * Of groups with an even number of channels each that become one: its kernel is wrong there (onnxruntime 1.30). With a second output of
   * nothing, which is dropped, it is right.
   */
  #transposed(node: OnnxNode): OnnxNode | undefined {
    const group = intOf(node, 'group', 1);
    const [x, weight, bias = ''] = node.inputs as [string, string, string?];
    if (group === 1) return undefined;
    const dims = this.#dimsOf(weight);
    const [inputs, outputs] = [dims?.[0], dims?.[1]];
    if ((typeof outputs === 'number' && outputs !== 1) || (typeof inputs === 'number' && (inputs / group) % 2 === 1))
      return undefined;
    const nothing = this.#put(this.#node('Mul', [weight, this.#scalar(0)]));
    const both = this.#put(this.#node('Concat', [weight, nothing], { axis: int(1) }));
    const twice = this.#put(this.#node('ConvTranspose', [x, both], node.attributes));
    const limits = [[0], [Number.MAX_SAFE_INTEGER], [1], [2]].map((v) => this.#whole(v));
    const y = this.#node('Slice', [twice, ...limits]);
    if (bias === '') return y;
    const wide = this.#put(
      this.#node('Reshape', [bias, this.#whole([-1, ...(dims?.slice(2) ?? [1, 1]).map(() => 1)])]),
    );
    return this.#node('Add', [this.#put(y), wide]);
  }

  #dimsOf(value: string): readonly (number | string)[] | undefined {
    const known = this.initializers.get(value)?.dims ?? this.#graph.inputs.find((i) => i.name === value)?.dims;
    if (known !== undefined) return known;
    this.#shapes ??= knownShapes(this.#graph);
    return this.#shapes.get(value);
  }

  /** Neither of the opposites. */
  #either(inputs: readonly string[]): OnnxNode {
    const not = inputs.map((v) => this.#put(this.#node('Not', [v])));
    return this.#node('Not', [this.#put(this.#node('And', not))]);
  }

  /** More parts than a kernel has buffers for, cut out one by one. */
  #parts(node: OnnxNode): OnnxNode[] | undefined {
    if (node.outputs.length <= MOST_JOINED) return undefined;
    const sizes = this.initializers.get(node.inputs[1] ?? '')?.data;
    if (sizes === undefined) return undefined;
    let at = 0;
    return node.outputs.map((output, k): OnnxNode => {
      const from = at;
      at += Number(sizes[k]);
      const places = [[from], [at], [intOf(node, 'axis', 0)]].map((v) => this.#whole(v));
      return { ...this.#node('Slice', [node.inputs[0]!, ...places]), outputs: [output] };
    });
  }

  /** Its kernel for powers fails on any graph (onnxruntime 1.30). */
  #power({ inputs }: OnnxNode): OnnxNode {
    const [a, b] = inputs as [string, string];
    const fixed = this.initializers.get(b);
    const exponent = fixed?.data.length === 1 ? Number(fixed.data[0]) : undefined;
    if (exponent === 0.5) return this.#node('Sqrt', [a]);
    if (exponent === undefined) return this.#byLogarithm(a, b);
    if (!Number.isInteger(exponent)) return this.#byLogarithm(a, this.#scalar(exponent));
    const size = Math.abs(exponent);
    if (size === 0 || size > MOST_FACTORS) return this.#wholePower(a, exponent);
    const power = this.#product(a, size);
    return exponent > 0 ? power : this.#node('Reciprocal', [this.#put(power)]);
  }

  #product(a: string, times: number): OnnxNode {
    if (times === 1) return this.#node('Identity', [a]);
    const half = times >> 1;
    const root = half === 1 ? a : this.#put(this.#product(a, half));
    const square = this.#node('Mul', [root, root]);
    return times % 2 === 0 ? square : this.#node('Mul', [this.#put(square), a]);
  }

  #byLogarithm(a: string, b: string): OnnxNode {
    return this.#node('Exp', [this.#put(this.#node('Mul', [this.#put(this.#node('Log', [a])), b]))]);
  }

  /** Of numbers on both sides of zero. */
  #wholePower(a: string, exponent: number): OnnxNode {
    if (exponent === 0) return this.#node('Add', [this.#put(this.#node('Mul', [a, this.#scalar(0)])), this.#scalar(1)]);
    const size = this.#byLogarithm(this.#put(this.#node('Abs', [a])), this.#scalar(exponent));
    return exponent % 2 === 0 ? size : this.#node('Mul', [this.#put(size), this.#put(this.#sign(a))]);
  }
}
