/** Whole numbers that a file computes of constants, as exporters write the margins of padding: computed here once. */
import { intOf, intsOf, sizeOf, type Graph, type OnnxNode, type Tensor } from './graph.ts';

/** Shapes, axes and margins are short; anything longer is no such thing. */
const LONGEST = 64;

interface Whole {
  readonly dims: readonly number[];
  readonly values: readonly bigint[];
}

/** Replaces nodes whose inputs are short constants of whole numbers, and whose result is one, by that result. In place. */
export function foldWholeNumbers(graph: Graph): void {
  const outputs = new Set(graph.outputs.map((o) => o.name));
  const nodes = graph.nodes.splice(0);
  for (const node of nodes) {
    const [out = '', ...more] = node.outputs;
    const inputs = node.inputs.map((i) => (i === '' ? undefined : wholeOf(graph.initializers.get(i))));
    const known = node.inputs.every((i, k) => i === '' || inputs[k] !== undefined);
    const made = known && more.length === 0 && !outputs.has(out) ? compute(node, inputs) : undefined;
    if (made === undefined || made.values.length > LONGEST) graph.nodes.push(node);
    else graph.initializers.set(out, { dims: made.dims, data: BigInt64Array.from(made.values) });
  }
}

function wholeOf(tensor: Tensor | undefined): Whole | undefined {
  if (!(tensor?.data instanceof BigInt64Array) || tensor.data.length > LONGEST) return undefined;
  return { dims: tensor.dims, values: [...tensor.data] };
}

/** ONNX's number of 64-bit integers among types. */
const INT64 = 7;

function compute(node: OnnxNode, inputs: readonly (Whole | undefined)[]): Whole | undefined {
  const [x, y] = inputs;
  if (x === undefined) return undefined;
  switch (node.op) {
    case 'Identity':
      return x;
    case 'Cast':
      return intOf(node, 'to', 0) === INT64 ? x : undefined;
    case 'ConstantOfShape': {
      const fill = node.attributes['value'];
      const dims = x.values.map(Number);
      if (dims.some((d) => d < 0) || sizeOf(dims) > LONGEST) return undefined;
      // Without a value it makes floats.
      if (fill?.kind !== 'tensor' || !(fill.value.data instanceof BigInt64Array)) return undefined;
      return { dims, values: new Array<bigint>(sizeOf(dims)).fill(fill.value.data[0]!) };
    }
    case 'Concat':
      return inputs.every((i) => i?.dims.length === 1) ? oneAxis(inputs.flatMap((i) => i!.values)) : undefined;
    case 'Reshape':
      return reshaped(x, y, intOf(node, 'allowzero', 0) !== 0);
    case 'Transpose': {
      const perm = intsOf(node, 'perm') ?? x.dims.map((_, i) => x.dims.length - 1 - i);
      return x.dims.length === 2 && perm.join() === '1,0' ? turned(x) : undefined;
    }
    case 'Slice':
      return sliced(x, inputs.slice(1));
    default:
      return undefined;
  }
}

const oneAxis = (values: readonly bigint[]): Whole => ({ dims: [values.length], values });

function turned({ dims, values }: Whole): Whole {
  const [rows, columns] = dims as [number, number];
  const at = (k: number): bigint => values[(k % rows) * columns + Math.floor(k / rows)]!;
  return { dims: [columns, rows], values: values.map((_, k) => at(k)) };
}

function reshaped(x: Whole, shape: Whole | undefined, zeros: boolean): Whole | undefined {
  if (shape === undefined) return undefined;
  const dims = shape.values.map((v, i) => (v === 0n && !zeros ? (x.dims[i] ?? 0) : Number(v)));
  const open = dims.indexOf(-1);
  const rest = sizeOf(dims.filter((d) => d !== -1));
  if (open >= 0) dims[open] = rest === 0 ? 0 : x.values.length / rest;
  const right = dims.every((d) => Number.isInteger(d) && d >= 0) && sizeOf(dims) === x.values.length;
  return right ? { dims, values: x.values } : undefined;
}

/** Along one axis of one or two. */
function sliced(x: Whole, [starts, ends, axes, steps]: readonly (Whole | undefined)[]): Whole | undefined {
  if (starts?.values.length !== 1 || ends?.values.length !== 1) return undefined;
  const axis = Number(axes?.values[0] ?? 0n);
  const along = axis < 0 ? axis + x.dims.length : axis;
  const step = Number(steps?.values[0] ?? 1n);
  const length = x.dims[along];
  if (length === undefined || step === 0 || x.dims.length > 2) return undefined;
  const [least, most] = step > 0 ? [0, length] : [-1, length - 1];
  const within = (v: bigint): number => {
    const at = Number(v) < 0 ? Number(v) + length : Number(v);
    return Math.min(most, Math.max(least, at));
  };
  const picked: number[] = [];
  const end = within(ends.values[0]!);
  for (let i = within(starts.values[0]!); step > 0 ? i < end : i > end; i += step) picked.push(i);
  const columns = x.dims[1] ?? 1;
  if (along === 0)
    return {
      dims: [picked.length, ...x.dims.slice(1)],
      values: picked.flatMap((r) => x.values.slice(r * columns, (r + 1) * columns)),
    };
  const rows = Array.from({ length: x.dims[0]! }, (_, r) => picked.map((c) => x.values[r * columns + c]!));
  return { dims: [x.dims[0]!, picked.length], values: rows.flat() };
}

/** Margins of nothing around an image that one convolution reads become that convolution's own. The same numbers come of it. */
export function padsIntoConvolutions(graph: Graph): Graph {
  const outputs = new Set(graph.outputs.map((o) => o.name));
  const users = new Map<string, OnnxNode[]>();
  for (const n of graph.nodes) for (const i of n.inputs) users.set(i, [...(users.get(i) ?? []), n]);
  const taken = new Map<string, { x: string; pads: readonly number[] }>();
  const nodes: OnnxNode[] = [];
  for (const node of graph.nodes) {
    const margins = node.op === 'Pad' ? marginsOf(node, graph) : undefined;
    const [out = ''] = node.outputs;
    const readers = users.get(out) ?? [];
    const [reader] = readers;
    if (
      margins !== undefined &&
      !outputs.has(out) &&
      readers.length === 1 &&
      reader!.op === 'Conv' &&
      reader!.inputs[0] === out &&
      reader!.attributes['auto_pad'] === undefined
    ) {
      taken.set(out, { x: node.inputs[0]!, pads: margins });
      continue;
    }
    const pad = taken.get(node.inputs[0] ?? '');
    if (pad === undefined || node.op !== 'Conv') nodes.push(node);
    else {
      const own = intsOf(node, 'pads') ?? [0, 0, 0, 0];
      const pads = { kind: 'ints', value: own.map((p, i) => p + pad.pads[i]!) } as const;
      nodes.push({ ...node, inputs: [pad.x, ...node.inputs.slice(1)], attributes: { ...node.attributes, pads } });
    }
  }
  return { ...graph, nodes };
}

/** Top, left, bottom and right of a padding by zeros that widens the image alone. */
function marginsOf(node: OnnxNode, graph: Graph): number[] | undefined {
  const mode = node.attributes['mode'];
  if (mode !== undefined && (mode.kind !== 'string' || mode.value !== 'constant')) return undefined;
  const pads = graph.initializers.get(node.inputs[1] ?? '')?.data;
  const fill = node.inputs[2] ?? '';
  const value = fill === '' ? [0] : graph.initializers.get(fill)?.data;
  if (pads?.length !== 8 || value?.length !== 1 || Number(value[0]) !== 0 || (node.inputs[3] ?? '') !== '')
    return undefined;
  const [n0, c0, top, left, n1, c1, bottom, right] = Array.from(pads, Number);
  const margins = [top!, left!, bottom!, right!];
  return [n0, c0, n1, c1].every((v) => v === 0) && margins.every((v) => v >= 0) ? margins : undefined;
}
