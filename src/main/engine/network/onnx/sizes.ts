/** Shapes of all values of a graph, followed through what computes sizes while it runs, as gradients need them. */
import { intOf, intsOf, stringOf, type Dim, type Graph, type OnnxNode } from './graph.ts';
import { broadcast, inferNode, type Shapes } from './shapes.ts';

/** A scalar or a vector that computes sizes; `whole` numbers divide without remainder. */
interface Known {
  readonly values: readonly Dim[];
  readonly scalar: boolean;
  readonly whole: boolean;
}

/** Constants of more numbers compute no sizes. */
const MOST = 64;
const FLOATS = new Set([1, 10, 11, 16]);

/** As `inferShapes`, with sizes as numbers wherever those of the image are, of all outputs, and through computed shapes. */
export function knownShapes(graph: Graph): Shapes {
  const follower = new Follower(graph);
  for (const node of graph.nodes) follower.follow(node);
  return follower.shapes;
}

/** Operands and result of an Einsum, the ellipsis written out as capitals; undefined for what has no gradient here. */
export function einsumTerms(
  node: OnnxNode,
  ranks: readonly number[],
): { readonly terms: readonly string[]; readonly out: string } | undefined {
  const equation = stringOf(node, 'equation', '').replaceAll(' ', '');
  const [left = '', right] = equation.split('->');
  const given = left.split(',');
  if (given.length !== ranks.length) return undefined;
  const dots = given.map((t, i) => (t.includes('...') ? ranks[i]! - (t.length - 3) : 0));
  const most = Math.max(0, ...dots);
  if (dots.some((d) => d < 0) || most > 20) return undefined;
  const spelled = (t: string, n: number): string =>
    t.replace('...', Array.from({ length: n }, (_, k) => String.fromCharCode(65 + most - n + k)).join(''));
  const terms = given.map((t, i) => spelled(t, dots[i]!));
  const all = [...terms.join('')];
  const once = [...new Set(all)].filter((l) => all.filter((m) => m === l).length === 1);
  const implied = `${spelled('...', most)}${once
    .filter((l) => l > 'Z')
    .sort()
    .join('')}`;
  const out = right === undefined ? implied : spelled(right, most);
  const odd = terms.some((t, i) => t.length !== ranks[i] || new Set(t).size !== t.length || /[^a-zA-Z]/.test(t));
  return odd || /[A-Z]/.test(equation) || new Set(out).size !== out.length ? undefined : { terms, out };
}

class Follower {
  readonly shapes: Shapes;
  readonly #graph: Graph;
  readonly #known = new Map<string, Known>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.shapes = new Map(graph.inputs.map((i) => [i.name, i.dims]));
    for (const [name, { dims, data, type }] of graph.initializers) {
      this.shapes.set(name, dims);
      if (type !== undefined || dims.length > 1 || data.length > MOST) continue;
      const whole = !(data instanceof Float32Array || data instanceof Float64Array);
      this.#known.set(name, { values: Array.from(data, Number), scalar: dims.length === 0, whole });
    }
  }

  follow(node: OnnxNode): void {
    const out = node.outputs[0] ?? '';
    const known = this.#value(node);
    if (known !== undefined) {
      this.#known.set(out, known);
      this.shapes.set(out, known.scalar ? [] : [known.values.length]);
      return;
    }
    if (node.op === 'Split') return this.#split(node);
    const ins = node.inputs.map((n) => this.shapes.get(n));
    const dims = this.#dims(node, ins) ?? inferNode(node, ins, this.#graph, out);
    if (dims !== undefined) this.shapes.set(out, dims);
  }

  #at(node: OnnxNode, i: number): Known | undefined {
    return this.#known.get(node.inputs[i] ?? '');
  }

  /** Whole numbers of an input, where all are known. */
  #numbers(node: OnnxNode, i: number): number[] | undefined {
    const values = this.#at(node, i)?.values;
    return values?.every((v) => typeof v === 'number') === true ? [...(values as number[])] : undefined;
  }

  /** A vector of which no more than the length is known. */
  #unknown(name: string, as: string, whole: boolean): Known | undefined {
    const dims = this.shapes.get(name);
    const n = dims?.length === 1 ? dims[0] : undefined;
    if (typeof n !== 'number' || n > MOST) return undefined;
    return { values: Array.from({ length: n }, (_, k) => `${as}:${k}`), scalar: false, whole };
  }

  #value(node: OnnxNode): Known | undefined {
    const out = node.outputs[0] ?? '';
    if (node.op === 'Shape') {
      const dims = this.shapes.get(node.inputs[0] ?? '');
      const end = intOf(node, 'end', Number.MAX_SAFE_INTEGER);
      return dims && { values: dims.slice(intOf(node, 'start', 0), end), scalar: false, whole: true };
    }
    const pairwise = PAIRWISE[node.op];
    const [a, b] = [this.#at(node, 0), this.#at(node, 1)];
    if (pairwise !== undefined && a !== undefined && b !== undefined && node.inputs.length === 2) {
      const whole = a.whole && b.whole;
      const n = Math.max(a.values.length, b.values.length);
      const of = (v: Known, i: number): Dim => v.values[v.values.length === 1 ? 0 : i]!;
      const values = Array.from({ length: n }, (_, i) => pairwise(of(a, i), of(b, i), whole) ?? `${out}:${i}`);
      return { values, scalar: a.scalar && b.scalar, whole };
    }
    if (a === undefined) return undefined;
    const with_ = (values: readonly Dim[], scalar = false): Known => ({ values, scalar, whole: a.whole });
    switch (node.op) {
      case 'Identity':
        return a;
      case 'Cast': {
        const whole = !FLOATS.has(intOf(node, 'to', 1));
        const cut = (v: Dim): Dim => (whole && typeof v === 'number' ? Math.trunc(v) : v);
        return { ...a, values: a.values.map(cut), whole };
      }
      case 'Neg':
      case 'Floor':
      case 'Ceil': {
        const by = { Neg: (v: number) => -v, Floor: Math.floor, Ceil: Math.ceil }[node.op];
        return { ...a, values: a.values.map((v, i) => (typeof v === 'number' ? by(v) : `${out}:${i}`)) };
      }
      case 'Unsqueeze':
        return a.scalar && (this.#at(node, 1)?.values.length ?? 1) === 1 ? with_(a.values) : undefined;
      case 'Squeeze':
        return a.values.length === 1 ? with_(a.values, true) : undefined;
      case 'Reshape': {
        const shape = this.#numbers(node, 1);
        if (shape?.length === 0) return with_(a.values, true);
        return shape?.length === 1 ? with_(a.values) : undefined;
      }
      case 'Concat': {
        const parts = node.inputs.map((n, i) => this.#known.get(n) ?? this.#unknown(n, `${out}:${i}`, a.whole));
        if (parts.some((p) => p === undefined || p.scalar)) return undefined;
        return { values: parts.flatMap((p) => p!.values), scalar: false, whole: parts.every((p) => p!.whole) };
      }
      case 'Gather': {
        const at = this.#numbers(node, 1);
        if (at === undefined || a.scalar) return undefined;
        const values = at.map((i) => a.values[i < 0 ? i + a.values.length : i]);
        if (values.some((v) => v === undefined)) return undefined;
        return with_(values as Dim[], this.#at(node, 1)!.scalar);
      }
      case 'Slice': {
        const [starts, ends, steps] = [this.#numbers(node, 1), this.#numbers(node, 2), this.#numbers(node, 4) ?? [1]];
        if (starts?.length !== 1 || ends?.length !== 1 || steps[0] !== 1) return undefined;
        return with_(a.values.slice(starts[0], Math.max(ends[0]!, -a.values.length)));
      }
      case 'ReduceProd':
        if (a.values.every((v) => typeof v === 'number') && intOf(node, 'keepdims', 1) === 0)
          return with_([(a.values as number[]).reduce((p, v) => p * v, 1)], true);
        return undefined;
      case 'Where': {
        const [yes, no] = [this.#at(node, 1), this.#at(node, 2)];
        if (yes === undefined || no === undefined) return undefined;
        const n = Math.max(a.values.length, yes.values.length, no.values.length);
        const of = (v: Known, i: number): Dim => v.values[v.values.length === 1 ? 0 : i]!;
        const values = Array.from({ length: n }, (_, i) => {
          const c = of(a, i);
          return typeof c === 'number' ? of(c !== 0 ? yes : no, i) : `${out}:${i}`;
        });
        return { values, scalar: a.scalar && yes.scalar && no.scalar, whole: yes.whole && no.whole };
      }
      case 'ConstantOfShape': {
        const shape = this.#numbers(node, 0);
        if (shape === undefined || shape.length > 1 || (shape[0] ?? 1) > MOST) return undefined;
        const v = node.attributes['value'];
        const data = v?.kind === 'tensor' ? v.value.data : undefined;
        const whole = data !== undefined && !(data instanceof Float32Array || data instanceof Float64Array);
        const values = Array.from({ length: shape[0] ?? 1 }, () => Number(data?.[0] ?? 0));
        return { values, scalar: shape.length === 0, whole };
      }
      default:
        return undefined;
    }
  }

  #split(node: OnnxNode): void {
    const x = this.shapes.get(node.inputs[0] ?? '');
    if (x === undefined) return;
    const axis = axisOf(node, x.length, 0);
    const size = x[axis];
    const n = node.outputs.length;
    const each = typeof size === 'number' ? Math.ceil(size / n) : undefined;
    const equal =
      each === undefined ? undefined : node.outputs.map((_, k) => Math.min(each, (size as number) - k * each));
    const sizes: readonly Dim[] | undefined = this.#at(node, 1)?.values ?? equal;
    node.outputs.forEach((o, k) => this.shapes.set(o, with1(x, axis, sizes?.[k] ?? `${o}:${axis}`)));
  }

  /** Dimensions by rules that know more than those of `inferShapes`; undefined where those are enough. */
  #dims(node: OnnxNode, ins: readonly (readonly Dim[] | undefined)[]): readonly Dim[] | undefined {
    const [x, y] = ins;
    const out = node.outputs[0] ?? '';
    const shapeAt = (i: number): readonly Dim[] | undefined => {
      const known = this.#at(node, i)?.values;
      if (known !== undefined) return known;
      const n = this.shapes.get(node.inputs[i] ?? '')?.[0];
      return typeof n === 'number' ? Array.from({ length: n }, (_, k) => `${out}:${k}`) : undefined;
    };
    if (BROADCASTING.has(node.op))
      return ins.every((d) => d !== undefined) ? ins.reduce<readonly Dim[]>((a, b) => joined(a, b!), []) : undefined;
    switch (node.op) {
      case 'Reshape': {
        const shape = shapeAt(1);
        return shape && reshaped(x, shape, out, intOf(node, 'allowzero', 0) === 1);
      }
      case 'Expand': {
        const shape = shapeAt(1);
        return x && shape && joined(x, shape);
      }
      case 'ConstantOfShape':
        return shapeAt(0);
      case 'Range':
        return [`${out}:0`];
      case 'Cast':
      case 'CastLike':
      case 'Not':
      case 'IsNaN':
      case 'CumSum':
      case 'Trilu':
      case 'ScatterND':
      case 'ScatterElements':
        return x;
      case 'GatherElements':
        return y;
      case 'Gather': {
        if (x === undefined || y === undefined) return undefined;
        const axis = axisOf(node, x.length, 0);
        return [...x.slice(0, axis), ...y, ...x.slice(axis + 1)];
      }
      case 'GatherND': {
        const k = y?.at(-1);
        return x && y && typeof k === 'number'
          ? [...y.slice(0, -1), ...x.slice(intOf(node, 'batch_dims', 0) + k)]
          : undefined;
      }
      case 'Resize':
        return x && resized(node, x, [this.#numbers(node, 2), this.#at(node, 3)?.values], out);
      case 'Tile': {
        const by = this.#numbers(node, 1);
        return by && x?.map((d, i) => (by[i] === 1 ? d : typeof d === 'number' ? d * by[i]! : `${out}:${i}`));
      }
      case 'Slice':
        return x && this.#sliced(node, x, out);
      case 'Pad': {
        const pads = this.#at(node, 1)?.values;
        if (x === undefined) return undefined;
        if (pads?.length !== 2 * x.length || (node.inputs[3] ?? '') !== '') return x.map((_, i) => `${out}:${i}`);
        return x.map((d, i) => {
          const [before, after] = [pads[i], pads[i + x.length]];
          const known = typeof before === 'number' && typeof after === 'number';
          return known ? moved(d, before + after, `${out}:${i}`) : `${out}:${i}`;
        });
      }
      case 'Conv':
      case 'MaxPool':
      case 'AveragePool':
        return x && windowed(node, x, node.op === 'Conv' ? y : undefined, out);
      case 'ConvTranspose':
        return x && y && spread(node, x, y, out);
      case 'MatMul':
        return x && y && product(x, y);
      case 'Einsum': {
        if (ins.some((d) => d === undefined)) return undefined;
        const read = einsumTerms(
          node,
          ins.map((d) => d!.length),
        );
        return read && [...read.out].map((l) => letterSize(read.terms, ins as (readonly Dim[])[], l));
      }
      default:
        return undefined;
    }
  }

  #sliced(node: OnnxNode, x: readonly Dim[], out: string): readonly Dim[] | undefined {
    const [starts, ends] = [this.#numbers(node, 1), this.#numbers(node, 2)];
    const n = this.#at(node, 1)?.values.length ?? this.shapes.get(node.inputs[1] ?? '')?.[0];
    const given = (node.inputs[3] ?? '') === '';
    const axes = given ? Array.from({ length: Number(n) || 0 }, (_, i) => i) : this.#numbers(node, 3);
    if (axes === undefined || (given && typeof n !== 'number')) return undefined;
    const steps = (node.inputs[4] ?? '') === '' ? axes.map(() => 1) : this.#numbers(node, 4);
    return x.map((d, i) => {
      const k = axes.findIndex((a) => (a < 0 ? a + x.length : a) === i);
      if (k < 0) return d;
      const [from, to, step] = [starts?.[k], ends?.[k], steps?.[k]];
      if (from === undefined || to === undefined || step === undefined) return `${out}:${i}`;
      if (typeof d === 'number') return lengthOf(d, from, to, step);
      if (from === 0 && step === 1 && to >= 2 ** 31 - 1) return d;
      return from >= 0 && to === from + 1 && step === 1 ? 1 : `${out}:${i}`;
    });
  }
}

const BROADCASTING = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Sum', 'Mean', 'Mod', 'Where', 'PRelu'],
  ...['Equal', 'Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual', 'And', 'Or', 'Xor'],
]);

type Pairwise = (a: Dim, b: Dim, whole: boolean) => Dim | undefined;
const both =
  (by: (a: number, b: number, whole: boolean) => number): Pairwise =>
  (a, b, whole) =>
    typeof a === 'number' && typeof b === 'number' ? by(a, b, whole) : undefined;
const neutral =
  (unit: number, by: Pairwise, either: boolean): Pairwise =>
  (a, b, whole) =>
    b === unit ? a : either && a === unit ? b : by(a, b, whole);
const PAIRWISE: Readonly<Record<string, Pairwise>> = {
  Add: neutral(
    0,
    both((a, b) => a + b),
    true,
  ),
  Sub: neutral(
    0,
    both((a, b) => a - b),
    false,
  ),
  Mul: neutral(
    1,
    both((a, b) => a * b),
    true,
  ),
  Div: neutral(
    1,
    both((a, b, whole) => (whole ? Math.trunc(a / b) : a / b)),
    false,
  ),
  Mod: both((a, b) => ((a % b) + b) % b),
  Max: both((a, b) => Math.max(a, b)),
  Min: both((a, b) => Math.min(a, b)),
  // No size is negative.
  Equal: (a, b) =>
    typeof a === 'number' && typeof b === 'number'
      ? Number(a === b)
      : (typeof a === 'number' && a < 0) || (typeof b === 'number' && b < 0)
        ? 0
        : a === b
          ? 1
          : undefined,
};

/** An axis of a node, not negative. */
function axisOf(node: OnnxNode, rank: number, fallback: number): number {
  const axis = intOf(node, 'axis', fallback);
  return axis < 0 ? axis + rank : axis;
}

function with1(dims: readonly Dim[], axis: number, size: Dim): Dim[] {
  return dims.map((d, i) => (i === axis ? size : d));
}

/** Sizes after broadcasting; a number above 1 says more than a name. */
function joined(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const other = broadcast(b, a);
  return broadcast(a, b).map((d, i) => (typeof d === 'string' && typeof other[i] === 'number' ? other[i] : d));
}

function moved(d: Dim, by: number, name: string): Dim {
  return by === 0 ? d : typeof d === 'number' ? d + by : name;
}

/** Elements that a slice takes of `size`. */
function lengthOf(size: number, from: number, to: number, step: number): number {
  const limit = (v: number, least: number, most: number): number =>
    Math.max(least, Math.min(most, v < 0 ? v + size : v));
  return step > 0
    ? Math.max(0, Math.ceil((limit(to, 0, size) - limit(from, 0, size)) / step))
    : Math.max(0, Math.ceil((limit(to, -1, size - 1) - limit(from, 0, size - 1)) / step));
}

function reshaped(
  x: readonly Dim[] | undefined,
  shape: readonly Dim[],
  out: string,
  zeros: boolean,
): readonly Dim[] | undefined {
  if (x === undefined && shape.includes(0) && !zeros) return undefined;
  const dims = shape.map((s, i) => (s === 0 && !zeros ? (x?.[i] ?? `${out}:${i}`) : s));
  const open = dims.indexOf(-1);
  if (open < 0) return dims;
  const rest =
    x === undefined
      ? undefined
      : quotient(
          x,
          dims.filter((_, i) => i !== open),
        );
  return with1(dims, open, rest ?? `${out}:${open}`);
}

/** What is left of a product of sizes when others are taken out of it. */
function quotient(all: readonly Dim[], out: readonly Dim[]): Dim | undefined {
  const names = all.filter((d) => typeof d === 'string');
  for (const d of out) {
    if (typeof d !== 'string') continue;
    const at = names.indexOf(d);
    if (at < 0) return undefined;
    names.splice(at, 1);
  }
  const size = (dims: readonly Dim[]): number => dims.reduce<number>((p, d) => (typeof d === 'number' ? p * d : p), 1);
  const number = size(all) / size(out);
  if (names.length === 0) return number;
  return names.length === 1 && number === 1 ? names[0] : undefined;
}

/** Sizes of what is resized by scales or to sizes. */
function resized(
  node: OnnxNode,
  x: readonly Dim[],
  [scales, sizes]: readonly [readonly number[] | undefined, readonly Dim[] | undefined],
  out: string,
): readonly Dim[] {
  const axes = (intsOf(node, 'axes') ?? x.map((_, i) => i)).map((a) => (a < 0 ? a + x.length : a));
  const plain = stringOf(node, 'keep_aspect_ratio_policy', 'stretch') === 'stretch';
  return x.map((d, i) => {
    const k = axes.indexOf(i);
    if (k < 0 || scales?.[k] === 1) return d;
    if (scales?.[k] !== undefined)
      return typeof d === 'number' ? Math.floor(Math.fround(d * scales[k])) : `${out}:${i}`;
    return (plain ? sizes?.[k] : undefined) ?? `${out}:${i}`;
  });
}

/** Sizes of what a convolution or a pooling gives. */
function windowed(
  node: OnnxNode,
  x: readonly Dim[],
  weight: readonly Dim[] | undefined,
  out: string,
): readonly Dim[] | undefined {
  const kernel = intsOf(node, 'kernel_shape') ?? weight?.slice(2);
  if (kernel === undefined || (node.op === 'Conv' && weight === undefined)) return undefined;
  const axes = x.length - 2;
  const pads = intsOf(node, 'pads');
  const up = intOf(node, 'ceil_mode', 0) === 1;
  const sides = x.slice(2).map((d, i): Dim => {
    const k = kernel[i];
    const stride = intsOf(node, 'strides')?.[i] ?? 1;
    const [before, after] = [pads?.[i] ?? 0, pads?.[i + axes] ?? 0];
    if (typeof k !== 'number') return `${out}:${i + 2}`;
    const reach = (k - 1) * (intsOf(node, 'dilations')?.[i] ?? 1);
    if (typeof d !== 'number') return stride === 1 && before + after === reach ? d : `${out}:${i + 2}`;
    const steps = (d + before + after - reach - 1) / stride;
    if (!up) return Math.floor(steps) + 1;
    const places = Math.ceil(steps) + 1;
    // No window begins behind the image and its padding in front.
    return (places - 1) * stride >= d + before ? places - 1 : places;
  });
  return [x[0]!, node.op === 'Conv' ? weight![0]! : x[1]!, ...sides];
}

/** Sizes of what a transposed convolution gives. */
function spread(node: OnnxNode, x: readonly Dim[], weight: readonly Dim[], out: string): readonly Dim[] {
  const axes = x.length - 2;
  const of = (key: string, i: number, otherwise: number): number => intsOf(node, key)?.[i] ?? otherwise;
  const sides = x.slice(2).map((d, i): Dim => {
    const k = weight[i + 2];
    if (typeof d !== 'number' || typeof k !== 'number' || intsOf(node, 'output_shape') !== undefined)
      return `${out}:${i + 2}`;
    const reach = (k - 1) * of('dilations', i, 1) + 1;
    const pads = of('pads', i, 0) + of('pads', i + axes, 0);
    return (d - 1) * of('strides', i, 1) + reach + of('output_padding', i, 0) - pads;
  });
  const channels = weight[1]!;
  return [x[0]!, typeof channels === 'number' ? channels * intOf(node, 'group', 1) : `${out}:1`, ...sides];
}

function product(x: readonly Dim[], y: readonly Dim[]): readonly Dim[] {
  const rows = x.length > 1 ? [x.at(-2)!] : [];
  const columns = y.length > 1 ? [y.at(-1)!] : [];
  return [...joined(x.slice(0, -2), y.slice(0, -2)), ...rows, ...columns];
}

/** The size that a letter of an Einsum stands for. */
export function letterSize(terms: readonly string[], dims: readonly (readonly Dim[])[], letter: string): Dim {
  const sizes = terms.flatMap((t, i) => (t.includes(letter) ? [dims[i]![t.indexOf(letter)]!] : []));
  return sizes.find((d) => typeof d === 'number' && d > 1) ?? sizes.find((d) => d !== 1) ?? 1;
}
