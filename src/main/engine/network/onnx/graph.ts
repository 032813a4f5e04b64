/** An ONNX graph as Covis handles it: plain data, one tensor type per element type that networks here use. */

export type TensorData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;

/** Row-major tensor. `Uint8Array` data stands for booleans, unless a type is named. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: TensorData;
  /** ONNX's number of an element type that is only carried: `data` holds its bytes. */
  readonly type?: number;
}

export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'tensor'; readonly value: Tensor };

export interface OnnxNode {
  readonly op: string;
  /** Operator domain; the standard's own if left out. Only graphs made here, never files read, have others. */
  readonly domain?: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A static size, or the name of one that is known only when the graph runs. */
export type Dim = number | string;

export interface ValueInfo {
  readonly name: string;
  readonly type: 'float' | 'int64';
  readonly dims: readonly Dim[];
  /** ONNX's number of the element type in the file, where it is neither of these. */
  readonly element?: number;
}

/** Nodes are in topological order. Mutable on purpose: builders append to it. */
export interface Graph {
  readonly name: string;
  readonly inputs: ValueInfo[];
  readonly outputs: ValueInfo[];
  readonly nodes: OnnxNode[];
  readonly initializers: Map<string, Tensor>;
  readonly metadata: Map<string, string>;
  /** Weights that training leaves as they are; no file says so. */
  readonly frozen?: ReadonlySet<string>;
  /** The operator set that its newest operators need; {@link OPSET} if not given. */
  readonly opset?: number;
}

/** Every graph is brought to the forms of this operator set when it is read (`normalise.ts`), also where it holds newer operators. */
export const OPSET = 17;

export function int(value: number): Attribute {
  return { kind: 'int', value };
}
export function ints(value: readonly number[]): Attribute {
  return { kind: 'ints', value };
}
export function float(value: number): Attribute {
  return { kind: 'float', value };
}

export function string(value: string): Attribute {
  return { kind: 'string', value };
}

/** The integer attribute `key`, or the default. */
export function intOf(node: OnnxNode, key: string, fallback: number): number {
  const a = node.attributes[key];
  return a?.kind === 'int' ? a.value : fallback;
}
export function intsOf(node: OnnxNode, key: string): readonly number[] | undefined {
  const a = node.attributes[key];
  return a?.kind === 'ints' ? a.value : undefined;
}
export function floatOf(node: OnnxNode, key: string, fallback: number): number {
  const a = node.attributes[key];
  return a?.kind === 'float' ? a.value : fallback;
}
export function stringOf(node: OnnxNode, key: string, fallback: string): string {
  const a = node.attributes[key];
  return a?.kind === 'string' ? a.value : fallback;
}

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

export function floatTensor(dims: readonly number[], data: ArrayLike<number>): Tensor {
  return { dims, data: data instanceof Float32Array ? data : Float32Array.from(data) };
}
const MOST = 2n ** 63n - 1n;

/** Ends of slices are the largest number that there is, which no double holds: it stays the largest. */
export function int64Tensor(dims: readonly number[], values: readonly number[]): Tensor {
  const whole = (v: number): bigint => (v >= 2 ** 63 ? MOST : BigInt(v));
  return { dims, data: BigInt64Array.from(values, whole) };
}

/** Copies the lists, not the tensors, so that a builder can append without touching the source. */
export function cloneGraph(graph: Graph): Graph {
  return {
    name: graph.name,
    inputs: [...graph.inputs],
    outputs: [...graph.outputs],
    nodes: [...graph.nodes],
    initializers: new Map(graph.initializers),
    metadata: new Map(graph.metadata),
    ...(graph.opset === undefined ? {} : { opset: graph.opset }),
    ...(graph.frozen === undefined ? {} : { frozen: graph.frozen }),
  };
}

/** Appends nodes to a graph under fresh names. Every method returns the name of the value that it made. */
export class GraphBuilder {
  readonly graph: Graph;
  readonly #prefix: string;
  #next = 0;
  readonly #made = new Map<string, string>();

  constructor(graph: Graph, prefix: string) {
    this.graph = graph;
    this.#prefix = prefix;
  }

  fresh(hint: string): string {
    return `${this.#prefix}/${hint}_${this.#next++}`;
  }

  op(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output?: string,
  ): string {
    const name = output ?? this.fresh(op);
    this.graph.nodes.push({ op, name: `${name}:node`, inputs, outputs: [name], attributes });
    return name;
  }

  /** An operator of another domain than the standard's. */
  foreign(
    domain: string,
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    const name = this.fresh(op);
    this.graph.nodes.push({ op, domain, name: `${name}:node`, inputs, outputs: [name], attributes });
    return name;
  }

  /** What `make` gave when it was first asked for under this key. */
  once(key: string, make: () => string): string {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#made.set(key, made);
    return made;
  }

  constant(tensor: Tensor, hint = 'const'): string {
    const name = this.fresh(hint);
    this.graph.initializers.set(name, tensor);
    return name;
  }

  scalar(value: number): string {
    return this.once(`float ${value}`, () => this.constant(floatTensor([], [value])));
  }

  /** A one-dimensional int64 constant. */
  int64s(values: readonly number[]): string {
    return this.once(`int64 ${values.join(',')}`, () => this.constant(int64Tensor([values.length], values)));
  }

  slice(
    x: string,
    starts: readonly number[],
    ends: readonly number[],
    axes: readonly number[],
    steps: readonly number[] = axes.map(() => 1),
  ): string {
    return this.op('Slice', [x, this.int64s(starts), this.int64s(ends), this.int64s(axes), this.int64s(steps)]);
  }

  reduceSum(x: string, axes: readonly number[], keepDims: boolean): string {
    return this.op('ReduceSum', [x, this.int64s(axes)], { keepdims: int(keepDims ? 1 : 0) });
  }

  reshape(x: string, shape: readonly number[]): string {
    return this.op('Reshape', [x, this.int64s(shape)]);
  }
}
