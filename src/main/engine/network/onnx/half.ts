/** Graphs in half precision: convolutions and the maps between them as float16, all else as it was. */
import { int, type Graph, type OnnxNode, type Tensor } from './graph.ts';
import { FLOAT, FLOAT16 } from './tensors.ts';

/** The largest number of half precision. */
export const LARGEST_HALF = 65_504;

/** What a node does with numbers: positions of them among its inputs, all of them where none are given. */
interface Treatment {
  readonly at?: readonly number[];
  /** Gives what is no map: where it is, or its size. */
  readonly told?: true;
}

/** What takes its numbers as they come: it neither adds many of them up nor goes beyond what went in. */
const FOLLOWING: Readonly<Record<string, Treatment>> = {
  ...Object.fromEntries(
    ['Add', 'Clip', 'Concat', 'Identity', 'LeakyRelu', 'Max', 'Min', 'Mul', 'Neg', 'Relu', 'Sub'].map((op) => [op, {}]),
  ),
  ...Object.fromEntries(
    ['Flatten', 'MaxPool', 'Reshape', 'Slice', 'Split', 'Squeeze', 'Transpose', 'Unsqueeze'].map((op) => [
      op,
      { at: [0] },
    ]),
  ),
  Pad: { at: [0, 2] },
  Where: { at: [1, 2] },
  ...Object.fromEntries(
    ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'].map((op) => [op, { told: true }]),
  ),
  Shape: { at: [0], told: true },
};

/** Bytes of numbers in half precision; what is larger than it holds becomes its largest number. */
function halves(t: Tensor): Tensor {
  const rounded = Float16Array.from(t.data as Float32Array, (v) => Math.max(-LARGEST_HALF, Math.min(LARGEST_HALF, v)));
  return { dims: t.dims, data: new Uint8Array(rounded.buffer), type: FLOAT16 };
}

/**
 * The same graph with convolutions, their weights and the maps between them in half precision. Inputs and outputs stay in single precision, and
 * so do powers, exponentials, roots, quotients, products of matrices, sums and means, normalisations, squares, and gradients of weights, which
 * are sums over all places of maps.
 * @param graph in single precision, as the provider wants it. @param weights names of inputs that are weights, and do not come of photos.
 * @returns a graph with casts where one meets the other.
 */
export function inHalf(graph: Graph, weights: readonly string[] = []): Graph {
  return new HalfWriter(graph, weights).written();
}

class HalfWriter {
  readonly #graph: Graph;
  readonly #made: OnnxNode[] = [];
  readonly #initializers: Graph['initializers'];
  /** Values that are computed in half precision, and what they are called in it. */
  readonly #half = new Map<string, string>();
  /** Values that depend on weights and constants alone. */
  readonly #fixed: Set<string>;
  /** By value: its name in the precision that it is not computed in. */
  readonly #cast = new Map<string, string>();
  readonly #outputs: ReadonlySet<string>;

  constructor(graph: Graph, weights: readonly string[]) {
    this.#graph = graph;
    this.#initializers = new Map(graph.initializers);
    this.#outputs = new Set(graph.outputs.map((o) => o.name));
    this.#fixed = new Set([...graph.initializers.keys(), ...weights]);
  }

  written(): Graph {
    for (const node of this.#graph.nodes) {
      if (node.inputs.every((i) => i === '' || this.#fixed.has(i))) {
        node.outputs.forEach((o) => this.#fixed.add(o));
        this.#made.push(node);
      } else this.#write(node);
    }
    return { ...this.#graph, nodes: this.#made, initializers: this.#used() };
  }

  #write(node: OnnxNode): void {
    const treatment = this.#treatment(node);
    if (treatment === undefined) {
      this.#made.push({ ...node, inputs: node.inputs.map((i) => (this.#half.has(i) ? this.#single(i) : i)) });
      return;
    }
    const takes = (k: number): boolean => treatment.at?.includes(k) ?? true;
    const inputs = node.inputs.map((i, k) => (i === '' || !takes(k) ? i : (this.#half.get(i) ?? this.#halved(i))));
    const outputs = treatment.told === true ? node.outputs : node.outputs.map((o, k) => this.#output(node, o, k));
    this.#made.push({ ...node, inputs, outputs });
    // What the graph gives is single precision, under its own name.
    outputs.forEach((o, k) => {
      if (o !== node.outputs[k]) this.#made.push(casting(o, node.outputs[k]!, FLOAT));
    });
  }

  /** The name of an output in half precision: its own, unless the graph gives it. The places of maxima are no numbers of maps. */
  #output(node: OnnxNode, output: string, k: number): string {
    if (output === '' || (node.op === 'MaxPool' && k > 0)) return output;
    const given = this.#outputs.has(output);
    const name = given ? `${output}/half` : output;
    this.#half.set(output, name);
    if (given) this.#cast.set(output, output);
    return name;
  }

  /** Undefined where it stays in single precision. */
  #treatment(node: OnnxNode): Treatment | undefined {
    if (node.domain !== undefined) return undefined;
    const [a, b] = node.inputs as [string, string | undefined];
    // With weights that come of photos it is the gradient of weights.
    if (node.op === 'Conv' || node.op === 'ConvTranspose') return this.#fixed.has(b!) ? {} : undefined;
    const treatment = FOLLOWING[node.op];
    if (treatment === undefined || (node.op === 'Mul' && a === b)) return undefined;
    const numbers = node.inputs.filter((i, k) => i !== '' && (treatment.at?.includes(k) ?? true));
    const follows =
      numbers.some((i) => this.#half.has(i)) && numbers.every((i) => this.#half.has(i) || this.#fixed.has(i));
    return follows ? treatment : undefined;
  }

  #halved(value: string): string {
    const known = this.#cast.get(value);
    if (known !== undefined) return known;
    const name = `${value}/half`;
    const constant = this.#graph.initializers.get(value);
    if (constant === undefined) this.#made.push(casting(value, name, FLOAT16));
    else this.#initializers.set(name, halves(constant));
    this.#cast.set(value, name);
    return name;
  }

  #single(value: string): string {
    const known = this.#cast.get(value);
    if (known !== undefined) return known;
    const name = `${value}/single`;
    this.#made.push(casting(value, name, FLOAT));
    this.#cast.set(value, name);
    return name;
  }

  /** Weights are not kept in both precisions. */
  #used(): Graph['initializers'] {
    const used = new Set([...this.#made.flatMap((n) => n.inputs), ...this.#outputs]);
    return new Map([...this.#initializers].filter(([name]) => used.has(name)));
  }
}

function casting(from: string, to: string, type: number): OnnxNode {
  return { op: 'Cast', name: `cast/${to}`, inputs: [from], outputs: [to], attributes: { to: int(type) } };
}
