/** Loss and gradients of a tuple in double precision, operator by operator in plain loops: what single precision is held against. */
import type { NetworkInput } from '../../src/main/engine/inputs/inputs.ts';
import { intOf, intsOf, type Graph, type OnnxNode } from '../../src/main/engine/network/onnx/graph.ts';
import { DIFFERENCE_EPSILON } from '../../src/main/engine/training/losses.ts';

interface Value {
  readonly dims: readonly number[];
  readonly data: Float64Array;
  readonly grad: Float64Array;
}
type Back = () => void;

const sizeOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const value = (dims: readonly number[], data = new Float64Array(sizeOf(dims))): Value => ({
  dims,
  data,
  grad: new Float64Array(data.length),
});

/** Index into an operand of `dims` for index `i` of the result of `out`, by broadcasting. */
function place(i: number, out: readonly number[], dims: readonly number[]): number {
  let at = 0;
  let step = 1;
  let rest = i;
  for (let k = 1; k <= out.length; k += 1) {
    const c = rest % out.at(-k)!;
    rest = Math.floor(rest / out.at(-k)!);
    const d = dims.at(-k) ?? 1;
    if (d > 1) at += c * step;
    step *= d;
  }
  return at;
}

/** An operator of two operands, number by number. @param by value and both derivatives. */
function pairwise(a: Value, b: Value, by: (x: number, y: number) => readonly [number, number, number]): [Value, Back] {
  const rank = Math.max(a.dims.length, b.dims.length);
  const dims = Array.from({ length: rank }, (_, k) => Math.max(a.dims.at(k - rank) ?? 1, b.dims.at(k - rank) ?? 1));
  const y = value(dims);
  const at = Array.from(y.data, (_, i) => [place(i, dims, a.dims), place(i, dims, b.dims)] as const);
  at.forEach(([p, q], i) => (y.data[i] = by(a.data[p]!, b.data[q]!)[0]));
  return [
    y,
    () =>
      at.forEach(([p, q], i) => {
        const [, da, db] = by(a.data[p]!, b.data[q]!);
        a.grad[p]! += da * y.grad[i]!;
        b.grad[q]! += db * y.grad[i]!;
      }),
  ];
}

function unary(a: Value, f: (x: number) => number, slope: (x: number, y: number) => number): [Value, Back] {
  const y = value(a.dims, a.data.map(f));
  return [y, () => y.grad.forEach((g, i) => (a.grad[i]! += g * slope(a.data[i]!, y.data[i]!)))];
}

/** Visits every place of a window over x: (place in y, place in x, tap), padding left out. */
function windows(
  x: readonly number[],
  y: readonly number[],
  node: OnnxNode,
  visit: (n: number, oy: number, ox: number, iy: number, ix: number, ky: number, kx: number) => void,
): void {
  const [kh, kw] = intsOf(node, 'kernel_shape') as [number, number];
  const [sh, sw] = intsOf(node, 'strides') as [number, number];
  const [top, left] = intsOf(node, 'pads') as [number, number];
  for (let n = 0; n < x[0]!; n += 1)
    for (let oy = 0; oy < y[2]!; oy += 1)
      for (let ox = 0; ox < y[3]!; ox += 1)
        for (let ky = 0; ky < kh; ky += 1)
          for (let kx = 0; kx < kw; kx += 1) {
            const [iy, ix] = [oy * sh + ky - top, ox * sw + kx - left];
            if (iy >= 0 && ix >= 0 && iy < x[2]! && ix < x[3]!) visit(n, oy, ox, iy, ix, ky, kx);
          }
}
function sides(x: readonly number[], node: OnnxNode): [number, number] {
  const [k, s, p] = ['kernel_shape', 'strides', 'pads'].map((key) => intsOf(node, key)!) as [
    number[],
    number[],
    number[],
  ];
  return [0, 1].map((i) => Math.floor((x[i + 2]! + p[i]! + p[i + 2]! - k[i]!) / s[i]!) + 1) as [number, number];
}

function conv(node: OnnxNode, x: Value, w: Value, bias: Value): [Value, Back] {
  if (intOf(node, 'group', 1) !== 1) throw new Error('groups are not written down here');
  const [outs, ins, kh, kw] = w.dims as [number, number, number, number];
  const y = value([x.dims[0]!, outs, ...sides(x.dims, node)]);
  const [, , h, wd] = y.dims as [number, number, number, number];
  const [, , xh, xw] = x.dims as [number, number, number, number];
  const each = (visit: (o: number, xi: number, wi: number, yi: number) => void): void =>
    windows(x.dims, y.dims, node, (n, oy, ox, iy, ix, ky, kx) => {
      for (let o = 0; o < outs; o += 1)
        for (let c = 0; c < ins; c += 1)
          visit(
            o,
            ((n * ins + c) * xh + iy) * xw + ix,
            ((o * ins + c) * kh + ky) * kw + kx,
            ((n * outs + o) * h + oy) * wd + ox,
          );
    });
  const channel = (i: number): number => Math.floor(i / (h * wd)) % outs;
  each((_, xi, wi, yi) => (y.data[yi]! += x.data[xi]! * w.data[wi]!));
  y.data.forEach((_, i) => (y.data[i]! += bias.data[channel(i)]!));
  return [
    y,
    () => {
      each((_, xi, wi, yi) => {
        x.grad[xi]! += w.data[wi]! * y.grad[yi]!;
        w.grad[wi]! += x.data[xi]! * y.grad[yi]!;
      });
      y.grad.forEach((g, i) => (bias.grad[channel(i)]! += g));
    },
  ];
}

function maxPool(node: OnnxNode, x: Value): [Value, Back] {
  const y = value([x.dims[0]!, x.dims[1]!, ...sides(x.dims, node)]);
  const [, channels, h, w] = y.dims as [number, number, number, number];
  const [, , xh, xw] = x.dims as [number, number, number, number];
  const from = new Int32Array(y.data.length).fill(-1);
  windows(x.dims, y.dims, node, (n, oy, ox, iy, ix) => {
    for (let c = 0; c < channels; c += 1) {
      const [yi, xi] = [((n * channels + c) * h + oy) * w + ox, ((n * channels + c) * xh + iy) * xw + ix];
      if (from[yi]! < 0 || x.data[xi]! > x.data[from[yi]!]!) from[yi] = xi;
    }
  });
  from.forEach((xi, yi) => (y.data[yi] = x.data[xi]!));
  return [y, () => from.forEach((xi, yi) => (x.grad[xi]! += y.grad[yi]!))];
}

function reduced(x: Value, axes: readonly number[], keep: boolean, mean: boolean): [Value, Back] {
  const kept = x.dims.map((d, i) => (axes.includes(i) ? 1 : d));
  const y = value(keep ? kept : x.dims.filter((_, i) => !axes.includes(i)));
  const by = mean ? y.data.length / x.data.length : 1;
  const at = Array.from(x.data, (_, i) => place(i, x.dims, kept));
  at.forEach((k, i) => (y.data[k]! += by * x.data[i]!));
  return [y, () => at.forEach((k, i) => (x.grad[i]! += by * y.grad[k]!))];
}

function applied(node: OnnxNode, [x, ...more]: Value[]): [Value, Back] {
  const [a, b] = [x!, more[0]!];
  switch (node.op) {
    case 'Conv':
      return conv(node, a, b, more[1]!);
    case 'MaxPool':
      return maxPool(node, a);
    case 'Relu':
      return unary(
        a,
        (v) => Math.max(0, v),
        (v) => (v > 0 ? 1 : 0),
      );
    case 'Clip':
      return unary(
        a,
        (v) => Math.max(b.data[0]!, v),
        (v) => (v > b.data[0]! ? 1 : 0),
      );
    case 'Sqrt':
      return unary(a, Math.sqrt, (_, y) => 0.5 / y);
    case 'Add':
      return pairwise(a, b, (p, q) => [p + q, 1, 1]);
    case 'Mul':
      return pairwise(a, b, (p, q) => [p * q, q, p]);
    case 'Div':
      return pairwise(a, b, (p, q) => [p / q, 1 / q, -p / (q * q)]);
    case 'Pow':
      return pairwise(a, b, (p, q) => [p ** q, q * p ** (q - 1), p ** q * Math.log(p)]);
    case 'ReduceMean':
    case 'ReduceSum': {
      const axes = intsOf(node, 'axes') ?? Array.from(b.data);
      return reduced(a, axes, intOf(node, 'keepdims', 1) === 1, node.op === 'ReduceMean');
    }
    default:
      throw new Error(`${node.op} is not written down here`);
  }
}

/** The contrastive loss of query, positive and negatives of one size, and its gradient by each weight. */
export function doubleReference(
  graph: Graph,
  inputs: readonly NetworkInput[],
  margin: number,
): { readonly loss: number; readonly gradients: ReadonlyMap<string, Float64Array> } {
  const image = value([inputs.length, ...inputs[0]!.dims.slice(1)]);
  inputs.forEach((x, i) => image.data.set(x.data, i * x.data.length));
  const values = new Map<string, Value>([['image', image]]);
  for (const [name, { dims, data }] of graph.initializers)
    values.set(name, value(dims, Float64Array.from(data, Number)));
  const backs: Back[] = [];
  for (const node of graph.nodes) {
    const [y, back] = applied(
      node,
      node.inputs.map((v) => values.get(v)!),
    );
    values.set(node.outputs[0]!, y);
    backs.push(back);
  }
  const d = values.get(graph.outputs[0]!.name)!;
  const dim = d.data.length / inputs.length;
  let loss = 0;
  for (let i = 1; i < inputs.length; i += 1) {
    const moved = Array.from({ length: dim }, (_, k) => d.data[k]! - d.data[i * dim + k]! + DIFFERENCE_EPSILON);
    const distance = Math.sqrt(moved.reduce((s, v) => s + v * v, 0));
    const inside = Math.max(0, margin - distance);
    loss += 0.5 * (i === 1 ? distance ** 2 : inside ** 2);
    moved.forEach((v, k) => {
      const g = i === 1 ? v : (-inside * v) / distance;
      d.grad[k]! += g;
      d.grad[i * dim + k]! -= g;
    });
  }
  for (const back of backs.reverse()) back();
  return { loss, gradients: new Map([...values].map(([name, v]) => [name, v.grad])) };
}
