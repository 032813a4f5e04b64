/** Networks that normalise their pixels themselves: which pixels such a graph is to be given, found by what it does with them first. */
import type { Preprocess } from '../../../shared/domain.ts';
import type { PIXELS } from '../../../shared/facts/pixels.ts';
import { CovisError } from '../../../shared/errors.ts';
import { IMAGE } from './head.ts';
import { intOf, intsOf, type Graph, type OnnxNode } from './onnx/graph.ts';
import { isOfNorm } from './onnx/normalise.ts';
import { PREPROCESSING } from './preprocessing.ts';

type Known = (typeof PIXELS)[number];
const [BLUE, GREEN, RED] = PREPROCESSING.caffe.mean;
/** What comes of the common normalisations, of pixels in the order of those that are given. */
const NORMALISED: readonly Preprocess[] = [
  PREPROCESSING.torchvision,
  PREPROCESSING.tensorflow,
  PREPROCESSING.clip,
  PREPROCESSING.unit,
  { ...PREPROCESSING.caffe, order: 'RGB', mean: [RED, GREEN, BLUE] },
];
/** What a channel is multiplied by, and what is added to it then. */
type Affine = readonly (readonly [factor: number, offset: number])[];

const CHANNELS = 3;
/** What leaves the colour of a photo as it is: sizes and margins are no colour. */
const IDLE: ReadonlySet<string> = new Set(['Identity', 'Cast', 'Dropout', 'Resize', 'Upsample', 'Pad']);
/** What leaves the colour of a single channel as it is. */
const SHAPED: ReadonlySet<string> = new Set(['Identity', 'Cast', 'Squeeze', 'Unsqueeze']);
/** What reads no pixel. */
const SIZES: ReadonlySet<string> = new Set(['Shape', 'Size']);
const AFFINE: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div']);
/** What a network may be given that goes on to normalise it, in the order in which it is tried. */
const GIVEN = ['unit', 'bytes', 'torchvision', 'tensorflow'] as const satisfies readonly Known[];
/** Share of a range by which two normalisations may differ and be one. */
const NEAR = 0.02;
/**
 * Smallest and largest range of a channel that comes of a normalisation, and how far from 0 its middle may lie. Of a batch normalisation, which makes
 * the deviation of what it was trained on 1, it cannot be as small.
 */
const RANGE = { least: 0.9, learned: 2.5, most: 8, middle: 1.5 };

/**
 * Which pixels the network wants, where it begins by changing them itself with numbers that it holds; undefined where it takes them as they are.
 * A photo in what a candidate gives has to come out of it as one of the common normalisations has it, else in such a range.
 * @param graph with its one image as {@link IMAGE}.
 * @throws CovisError `INPUT_UNSUPPORTED` where no candidate, or more than one, would do.
 */
export function pixelsItWants(graph: Graph): Known | undefined {
  const channels = graph.inputs.find((i) => i.name === IMAGE)?.dims[1];
  const own = typeof channels === 'number' && channels !== CHANNELS ? undefined : affineOf(graph);
  if (own === undefined) return undefined;
  const after = (name: Known): Affine => joined(affineOfPixels(PREPROCESSING[name]), own.channels);
  const known = GIVEN.find((name) => NORMALISED.some((t) => same(after(name), affineOfPixels(t))));
  if (known !== undefined) return known;
  const least = own.learned ? RANGE.learned : RANGE.least;
  const plausible = GIVEN.filter((name) => after(name).every((one) => isNormalised(one, least)));
  if (plausible.length === 1) return plausible[0]!;
  const [factor, offset] = own.channels[0]!;
  throw new CovisError(
    'INPUT_UNSUPPORTED',
    `The network changes its pixels itself before anything else (the first channel times ${short(factor)} plus ${short(offset)}), and which it wants is not clear from that`,
    {
      hint: 'Say it with --pixels: unit for 0 to 1, bytes for 0 to 255, torchvision where it is given what torchvision normalises.',
    },
  );
}

const short = (v: number): string => String(Number(v.toPrecision(4)));

/** A pixel of 0..255 as a preprocessing gives it. */
function affineOfPixels({ scale, mean, std }: Preprocess): Affine {
  return mean.map((m, c) => [scale / std[c]!, -m / std[c]!]);
}

function joined(first: Affine, then: Affine): Affine {
  return first.map(([a, b], c) => {
    const [f, o] = then[c]!;
    return [a * f, b * f + o];
  });
}

const ends = ([factor, offset]: Affine[number]): [number, number] => [offset, 255 * factor + offset];

function same(a: Affine, b: Affine): boolean {
  return a.every((one, c) => {
    const [low, high] = ends(one);
    const [least, most] = ends(b[c]!);
    const off = NEAR * Math.abs(most - least);
    return Math.abs(low - least) <= off && Math.abs(high - most) <= off;
  });
}

function isNormalised(one: Affine[number], least: number): boolean {
  const [low, high] = ends(one);
  const span = Math.abs(high - low);
  return span >= least && span <= RANGE.most && Math.abs(low + high) / 2 <= RANGE.middle;
}

/**
 * What the graph multiplies each channel of the image by and adds to it before anything else; undefined where it does not. Learned is what
 * batch normalisations alone do.
 */
function affineOf(graph: Graph): { readonly channels: Affine; readonly learned: boolean } | undefined {
  const takers = new Map<string, OnnxNode[]>();
  for (const n of graph.nodes)
    if (!SIZES.has(n.op)) for (const i of new Set(n.inputs)) takers.set(i, [...(takers.get(i) ?? []), n]);
  let value = IMAGE;
  let axis = 1;
  let sum: Affine = Array.from({ length: CHANNELS }, () => [1, 0] as const);
  /** Which of the given channels stands at each place. */
  let order: readonly number[] = sum.map((_, c) => c);
  let found = false;
  let learned = true;
  for (;;) {
    const [node, ...others] = takers.get(value) ?? [];
    if (node === undefined) break;
    if (others.length > 0 || node.op === 'Split') {
      const apart = channelsApart(value, takers, graph, axis);
      if (apart === undefined) break;
      sum = apart.channels.map(([c, own]) => joined([sum[c]!], [own])[0]!);
      order = apart.channels.map(([c]) => order[c]!);
      found = true;
      learned = false;
      value = apart.value;
      continue;
    }
    const turned = orderOf(node, value, graph, axis);
    if (node.op === 'Transpose') {
      const at = intsOf(node, 'perm')?.indexOf(axis) ?? -1;
      if (at < 0) break;
      axis = at;
    } else if (turned !== undefined) {
      sum = turned.map((c) => sum[c]!);
      order = turned.map((c) => order[c]!);
    } else if (AFFINE.has(node.op)) {
      const own = affineOfNode(node, value, graph, axis);
      if (own === undefined) break;
      sum = joined(sum, own);
      found = true;
      learned &&= isOfNorm(node);
    } else if (!IDLE.has(node.op)) break;
    value = node.outputs[0]!;
  }
  const idle = sum.every(([factor, offset]) => Math.abs(factor - 1) < 1e-6 && Math.abs(offset) < 1e-6);
  return found && !idle ? { channels: sum.map((_, c) => sum[order.indexOf(c)]!), learned } : undefined;
}

/** Channels that are taken one by one, changed with numbers of their own, and put together again: which stands at each place, and what became of it. */
function channelsApart(
  value: string,
  takers: ReadonlyMap<string, readonly OnnxNode[]>,
  graph: Graph,
  axis: number,
): { readonly value: string; readonly channels: readonly (readonly [number, Affine[number]])[] } | undefined {
  const ends = new Map<string, readonly [number, Affine[number]]>();
  let together: OnnxNode | undefined;
  const taken = takers.get(value)!.flatMap((n) => {
    const channel = oneChannel(n, value, graph, axis);
    if (channel !== undefined) return [{ channel, from: n.outputs[0]! }];
    // A split into as many as there are gives them in their order.
    const each = n.op === 'Split' && axisOf(intOf(n, 'axis', 0)) === axis && n.outputs.length === CHANNELS;
    return each ? n.outputs.map((from, c) => ({ channel: c, from })) : [null];
  });
  for (const one of taken) {
    if (one === null) return undefined;
    const { channel } = one;
    let own: Affine = [[1, 0]];
    let at = one.from;
    for (;;) {
      const [node, ...others] = takers.get(at) ?? [];
      if (node === undefined || others.length > 0) return undefined;
      if (node.op === 'Concat') {
        if ((together ??= node) !== node) return undefined;
        ends.set(at, [channel, own[0]!]);
        break;
      }
      const changed = AFFINE.has(node.op) ? affineOfNode(node, at, graph, axis) : undefined;
      if (changed !== undefined) own = joined(own, changed);
      else if (!SHAPED.has(node.op)) return undefined;
      at = node.outputs[0]!;
    }
  }
  if (together?.inputs.length !== CHANNELS || axisOf(intOf(together, 'axis', 0)) !== axis) return undefined;
  const channels = together.inputs.flatMap((i) => (ends.has(i) ? [ends.get(i)!] : []));
  return channels.length === CHANNELS && new Set(channels.map(([c]) => c)).size === CHANNELS
    ? { value: together.outputs[0]!, channels }
    : undefined;
}

/** Of an image's four axes, one that may be counted from the last. */
const axisOf = (a: number | undefined): number | undefined => (a !== undefined && a < 0 ? a + 4 : a);

/** Which single channel a node takes. */
function oneChannel(node: OnnxNode, value: string, graph: Graph, axis: number): number | undefined {
  if (node.inputs[0] !== value) return undefined;
  const at = (i: number): number[] => Array.from(graph.initializers.get(node.inputs[i] ?? '')?.data ?? [], Number);
  const along = (a: number | undefined): boolean => axisOf(a) === axis;
  const within = (c: number | undefined): number | undefined => (c !== undefined && c < 0 ? c + CHANNELS : c);
  if (node.op === 'Gather') return along(intOf(node, 'axis', 0)) && at(1).length === 1 ? within(at(1)[0]) : undefined;
  const [start, end] = [within(at(1)[0]), at(2)[0]];
  const single = node.op === 'Slice' && at(3).length === 1 && along(at(3)[0]) && (at(4)[0] ?? 1) === 1;
  if (!single || start === undefined || end === undefined) return undefined;
  return Math.min(CHANNELS, end < 0 ? end + CHANNELS : end) - start === 1 ? start : undefined;
}

/** Where a node picks the channels in another order: which it puts at each place. */
function orderOf(node: OnnxNode, value: string, graph: Graph, axis: number): readonly number[] | undefined {
  if (node.inputs[0] !== value) return undefined;
  const at = (i: number): number[] | undefined => {
    const held = graph.initializers.get(node.inputs[i] ?? '')?.data;
    return held === undefined ? undefined : Array.from(held, Number);
  };
  const along = (a: number | undefined): boolean => axisOf(a) === axis;
  if (node.op === 'Gather' && along(intOf(node, 'axis', 0))) {
    const picked = at(1)?.map((c) => (c < 0 ? c + CHANNELS : c));
    return picked !== undefined && [...picked].sort().join() === '0,1,2' ? picked : undefined;
  }
  if (node.op !== 'Slice') return undefined;
  const [starts, axes, steps] = [at(1), at(3), at(4)];
  const backwards = axes?.length === 1 && along(axes[0]) && steps?.[0] === -1 && [-1, 2].includes(starts?.[0] ?? 0);
  return backwards ? [2, 1, 0] : undefined;
}

function affineOfNode(node: OnnxNode, value: string, graph: Graph, axis: number): Affine | undefined {
  const second = node.inputs[0] !== value;
  // What is divided by the image is no product of it.
  if (second && node.op === 'Div') return undefined;
  const held = graph.initializers.get(node.inputs[second ? 0 : 1] ?? '');
  if (held === undefined || !(held.data instanceof Float32Array)) return undefined;
  const { data } = held;
  // Numbers of one axis, counted from the last, as broadcasting has it.
  const along = held.dims.findIndex((d) => d !== 1);
  if (along >= 0 && (held.dims.some((d, i) => d !== 1 && i !== along) || along - held.dims.length !== axis - 4))
    return undefined;
  if (data.length !== 1 && data.length !== CHANNELS) return undefined;
  return Array.from({ length: CHANNELS }, (_, c) => {
    const v = data[data.length === 1 ? 0 : c]!;
    switch (node.op) {
      case 'Mul':
        return [v, 0] as const;
      case 'Add':
        return [1, v] as const;
      case 'Sub':
        return second ? ([-1, v] as const) : ([1, -v] as const);
      default:
        return [1 / v, 0] as const;
    }
  });
}
