/** Which image a foreign network takes: its input, brought to [N, C, H, W], and the sizes at which it runs. */
import { CovisError } from '../../../shared/errors.ts';
import type { InputFacts } from '../../../shared/facts/networks.ts';
import { counted } from '../../../shared/counted.ts';
import { logFailure, logger } from '../environment/log.ts';
import { DESCRIPTOR, IMAGE } from './head.ts';
import { int, intOf, intsOf, ints, type Dim, type Graph, type OnnxNode } from './onnx/graph.ts';
import { prune, renameValue } from './onnx/normalise.ts';
import { inferShapes, type Shapes } from './onnx/shapes.ts';
import { Runner, type Tensors } from './runtime.ts';

const log = logger('networks');
const FLOAT = 1;
const NCHW_TO_NHWC = [0, 2, 3, 1];
const CHANNELS = new Set<Dim>([1, 3]);
const MOST_CHANNELS = 16;
const LONGEST_SIDE = 8192;

/** What an input of a file is, as people read it: `name [1, 3, 224, 224]`. */
export function shapeInWords({ name, dims }: { readonly name: string; readonly dims: readonly Dim[] }): string {
  return `${name} [${dims.join(', ')}]`;
}

/**
 * The part of a network that `outputs` need, with its one image under the name that all networks here have, channels first.
 * @throws CovisError `INPUT_UNSUPPORTED` where it takes no image, or more than one.
 */
export function onImage(network: Graph, outputs: readonly string[]): Graph {
  const graph = freeNames(prune(network, outputs));
  const [input, ...others] = graph.inputs;
  if (input === undefined)
    throw new CovisError('INPUT_UNSUPPORTED', `${outputs.join(', ')} does not depend on an image`);
  if (others.length > 0)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `The network takes more than an image: ${graph.inputs.map(shapeInWords).join(', ')}`,
      { hint: 'Name an output that needs the image alone with --output, or export the part that takes the image.' },
    );
  if (input.dims.length !== 4)
    throw new CovisError('INPUT_UNSUPPORTED', 'The network has no image input of four dimensions', {
      hint: `It takes ${shapeInWords(input)}.`,
    });
  if (input.element !== undefined || input.type !== 'float')
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `The network takes ${shapeInWords(input)} of whole numbers, not of floats`,
      {
        hint: 'Export it without the conversion of pixels in front.',
      },
    );
  const [n, c, h, w] = input.dims as [Dim, Dim, Dim, Dim];
  const last = CHANNELS.has(w) && !CHANNELS.has(c);
  const dims = last ? [n, w, c, h] : [n, c, h, w];
  refuseSizes(dims, shapeInWords(input));
  const renamed = renameValue(graph, input.name, last ? `${IMAGE}/nhwc` : IMAGE);
  const nodes = last ? [turned(`${IMAGE}/nhwc`), ...renamed.nodes] : renamed.nodes;
  return { ...renamed, nodes, inputs: [{ name: IMAGE, type: 'float', dims }] };
}

/** Photos have three channels, and nobody describes larger ones; a damaged file may say any number. */
function refuseSizes([, channels, ...sides]: readonly Dim[], said: string): void {
  const within = (d: Dim | undefined, most: number): boolean => typeof d !== 'number' || (d >= 1 && d <= most);
  if (!within(channels, MOST_CHANNELS) || !sides.every((s) => within(s, LONGEST_SIDE)))
    throw new CovisError('INPUT_UNSUPPORTED', 'The network takes no photo that there could be', {
      hint: `It takes ${said}.`,
    });
}

/** Values of the network that go by the names which networks here give to their ends go by others. */
function freeNames(graph: Graph): Graph {
  const taken = new Set(graph.nodes.flatMap((n) => n.outputs));
  for (const name of graph.initializers.keys()) taken.add(name);
  const free = [IMAGE, DESCRIPTOR].reduce(
    (g, name) => (taken.has(name) ? renameValue(g, name, ownName(name)) : g),
    graph,
  );
  const nodes = free.nodes.map((n) => (n.name === `${DESCRIPTOR}:node` ? { ...n, name: `${n.name}/own` } : n));
  return { ...free, nodes };
}

/** The name of a value of the network in what {@link onImage} gives. */
export function ownName(value: string): string {
  return value === IMAGE || value === DESCRIPTOR ? `${value}/own` : value;
}

function turned(output: string): OnnxNode {
  return {
    op: 'Transpose',
    name: output,
    inputs: [IMAGE],
    outputs: [output],
    attributes: { perm: ints(NCHW_TO_NHWC) },
  };
}

/** Sides that are tried for a network that says it takes any: height and width. The first are small, and of no common shape. */
export const FREE: readonly (readonly [number, number])[] = [
  [96, 64],
  [160, 128],
  [320, 256],
];
/** Not even, not equal, and of no common multiple. */
const ODD = [131, 97] as const;
/** What sides of networks are whole multiples of. */
const MULTIPLES = [2, 4, 8, 14, 16, 28, 32, 64];
/** Sizes that networks are trained for. */
const FIXED = [224, 256, 384, 336, 448, 518, 512, 240, 288, 320, 378, 392, 640, 160, 192, 128, 96, 64, 32];

/** Where a network runs, and what it answered there. */
export interface Found {
  readonly input: InputFacts;
  /** Shapes of the outputs for one image. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** The same for another size, where others are taken. */
  readonly others: Readonly<Record<string, readonly number[]>> | undefined;
}

/**
 * Runs a graph on images of one grey until it is known which sizes and batches it takes.
 * @throws CovisError `INPUT_UNSUPPORTED` with the runtime's words where it takes none.
 */
export async function findInput(graph: Graph): Promise<Found> {
  const runner = await Runner.create(ofAnySize(graph), { quiet: true });
  try {
    return await new Search(graph, runner).found();
  } finally {
    await runner.release();
  }
}

/** The graph with an input of any size: what a file declares is looked at elsewhere. */
function ofAnySize(graph: Graph): Graph {
  const dims = ['N', graph.inputs[0]!.dims[1] ?? 3, 'H', 'W'];
  return { ...graph, inputs: [{ ...graph.inputs[0]!, dims }] };
}

/** The name of a value's copy in what {@link watched} gives. */
export function seen(value: string): string {
  return `seen/${value}`;
}

/** The graph with copies as outputs, of floats whatever they copy: what goes on inside it cannot be one of unknown rank, and sizes are added, too. */
export function watched(graph: Graph): Graph {
  const values = graph.outputs.map((o) => o.name);
  const copies = values.map((value) => ({
    op: 'Cast',
    name: `${seen(value)}:node`,
    inputs: [value],
    outputs: [seen(value)],
    attributes: { to: int(FLOAT) },
  }));
  const outputs = values.map((value) => ({ name: seen(value), type: 'float' as const, dims: [] }));
  return { ...graph, nodes: [...graph.nodes, ...copies], outputs };
}

/**
 * Shapes of values that the rules of shapes do not tell, seen at work on one image; values that do not depend on it are left out.
 * Empty where the network does not run.
 */
export async function seenShapes(network: Graph, values: readonly string[]): Promise<Map<string, readonly number[]>> {
  if (values.length === 0) return new Map();
  let runner: Runner | undefined;
  try {
    const graph = watched(onImage(network, values));
    runner = await Runner.create(ofAnySize(graph), { quiet: true });
    const shapes = await new Search(graph, runner).seen();
    return new Map(
      values.flatMap((v) => {
        const shape = shapes[seen(ownName(v))];
        return shape === undefined ? [] : [[v, shape]];
      }),
    );
  } catch (error) {
    // The choice of an output says what stands in the way.
    logFailure(log, 'looking at the shapes of a network', error);
    return new Map();
  } finally {
    await runner?.release();
  }
}

type Shaped = Record<string, { dims: readonly number[]; data: Float32Array }>;

class Search {
  readonly #runner: Runner;
  readonly #channels: number;
  readonly #declared: readonly Dim[];
  readonly #baked: string | undefined;
  #first: unknown;

  constructor(graph: Graph, runner: Runner) {
    this.#runner = runner;
    this.#declared = graph.inputs[0]!.dims;
    this.#channels = typeof this.#declared[1] === 'number' ? this.#declared[1] : 3;
    this.#baked = bakedSize(graph);
  }

  /** Shapes at the first size that it takes. */
  async seen(): Promise<Readonly<Record<string, readonly number[]>>> {
    const [, , height, width] = this.#declared;
    const said = typeof height === 'number' && typeof width === 'number' ? [[height, width] as const] : [];
    for (const at of [...said, ...FREE, ...FIXED.map((side) => [side, side] as const)]) {
      const shaped = await this.#try(at);
      if (shaped !== undefined) return Object.fromEntries(Object.entries(shaped).map(([k, t]) => [k, t.dims]));
    }
    throw this.#first;
  }

  async found(): Promise<Found> {
    const [batch, , height, width] = this.#declared;
    const said = typeof height === 'number' && typeof width === 'number' ? ([height, width] as const) : undefined;
    // A size that was written into the graph holds, also where another happens to run.
    const places = said !== undefined && this.#baked !== undefined ? [] : FREE;
    for (const at of places) {
      const shaped = await this.#try(at);
      if (shaped !== undefined) return this.#free(at, shaped);
    }
    if (said === undefined)
      for (const multiple of [28, 64, 14]) {
        const at = [multiple * 7, multiple * 5] as const;
        const shaped = await this.#try(at);
        if (shaped !== undefined) return this.#finish(shaped, at, { multiple });
      }
    const squares = FIXED.map((side) => [side, side] as const);
    for (const at of said === undefined ? squares : [said]) {
      const shaped = await this.#try(at);
      if (shaped !== undefined) return this.#finish(shaped, at, { height: at[0], width: at[1], fit: 'pad' });
    }
    const cause = this.#first;
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      typeof batch === 'number' && batch > 1
        ? `The network takes ${counted(batch, 'image')} at once and not one: ${words}`
        : said === undefined
          ? `The network does not run on an image of free size: ${words}`
          : `The network does not run on an image of ${said[1]}x${said[0]}, which it says it takes: ${words}`,
      { cause, hint: 'Export it for one image at a time, of one size or of any.' },
    );
  }

  /** It ran at a small size of no common shape: does it at any? */
  async #free(at: readonly [number, number], shaped: Shaped): Promise<Found> {
    const odd = at === FREE[0] ? ODD : ([at[0] + 35, at[1] + 33] as const);
    const others = await this.#try(odd);
    if (others !== undefined) return this.#finish(shaped, at, {}, others);
    for (const multiple of MULTIPLES) {
      const sides = [at[0] + multiple * (at[0] % (2 * multiple) === 0 ? 1 : 2), at[1] + multiple] as const;
      if (sides.some((s) => s % multiple !== 0)) continue;
      const other = await this.#try(sides);
      if (other !== undefined) return this.#finish(shaped, at, { multiple }, other);
    }
    return this.#finish(shaped, at, { height: at[0], width: at[1], fit: 'pad' });
  }

  async #finish(shaped: Shaped, at: readonly [number, number], input: InputFacts, others?: Shaped): Promise<Found> {
    const dims = (all: Shaped): Record<string, readonly number[]> =>
      Object.fromEntries(Object.entries(all).map(([name, t]) => [name, t.dims]));
    const alone = !(await this.#together(at));
    return {
      input: alone ? { ...input, alone } : input,
      shapes: dims(shaped),
      others: others === undefined ? undefined : dims(others),
    };
  }

  /** True where two images at once give what each gives alone. */
  async #together(at: readonly [number, number]): Promise<boolean> {
    const [one, two] = [this.#image(at, 1), this.#image(at, 2)];
    const both = new Float32Array(one.length + two.length);
    both.set(one);
    both.set(two, one.length);
    try {
      const run = (n: number, data: Float32Array): Promise<Shaped> => this.#runner.runShaped(this.#feed(n, at, data));
      const [a, b, ab] = [await run(1, one), await run(1, two), await run(2, both)];
      return Object.keys(ab).every((name) => {
        const [x, y, xy] = [a[name]!.data, b[name]!.data, ab[name]!.data];
        if (ab[name]!.dims[0] !== 2 || xy.length !== x.length + y.length) return false;
        const near = (v: number, w: number): boolean => Math.abs(v - w) <= 1e-3 * (1 + Math.abs(w)) || Object.is(v, w);
        return x.every((v, i) => near(xy[i]!, v)) && y.every((v, i) => near(xy[x.length + i]!, v));
      });
    } catch (error) {
      this.#first ??= error;
      return false;
    }
  }

  /** Waves, so that two images differ everywhere. */
  #image([height, width]: readonly [number, number], k: number): Float32Array {
    return Float32Array.from({ length: this.#channels * height * width }, (_, i) => Math.sin(0.037 * k * i + k));
  }

  #feed(n: number, [height, width]: readonly [number, number], data: Float32Array): Tensors {
    return { [IMAGE]: { dims: [n, this.#channels, height, width], data } };
  }

  async #try(at: readonly [number, number]): Promise<Shaped | undefined> {
    try {
      return await this.#runner.runShaped(this.#feed(1, at, this.#image(at, 1)));
    } catch (error) {
      this.#first ??= error;
      return undefined;
    }
  }
}

/** The operator, if there is one, into which a size of image is written, so that another size means something else; undefined for plain convolutional networks. */
export function bakedSize(graph: Graph): string | undefined {
  const shapes = inferShapes(graph);
  const sizes = new Set<string>();
  for (const node of graph.nodes) {
    const read = node.inputs.filter((i) => i !== '' && !graph.initializers.has(i));
    if (node.op === 'Shape' || (read.length > 0 && read.every((i) => sizes.has(i))))
      for (const o of node.outputs) sizes.add(o);
  }
  return graph.nodes.find((n) => !sizes.has(n.outputs[0] ?? '') && isBaked(n, graph, shapes))?.op;
}

function isBaked(node: OnnxNode, graph: Graph, shapes: Shapes): boolean {
  const given = (i: number): ArrayLike<number | bigint> | undefined =>
    graph.initializers.get(node.inputs[i] ?? '')?.data;
  const dims = shapes.get(node.inputs[0] ?? '');
  // What has no extent in space any more has no size.
  if (graph.initializers.has(node.inputs[0] ?? '') || dims?.slice(1).every((d) => typeof d === 'number') === true)
    return false;
  const spatial = (axis: number): boolean => {
    const at = axis < 0 && dims !== undefined ? axis + dims.length : axis;
    return dims?.length === 4 ? at >= 2 : at !== 1;
  };
  switch (node.op) {
    case 'Reshape':
    case 'Expand':
    case 'Tile':
      return given(1) !== undefined;
    case 'Flatten':
    case 'Gather':
    case 'GatherND':
    case 'Squeeze':
      return true;
    case 'Resize':
      return given(3) !== undefined;
    case 'Split':
      return spatial(intOf(node, 'axis', 0));
    case 'AveragePool':
    case 'MaxPool':
      return (intsOf(node, 'kernel_shape') ?? []).some((k) => k > 7);
    case 'Slice': {
      const [ends, axes] = [given(2), given(3)];
      return Array.from(ends ?? [], Number).some(
        (end, k) => end > 0 && end < 2 ** 31 - 1 && spatial(Number(axes?.[k] ?? k)),
      );
    }
    default:
      return false;
  }
}
