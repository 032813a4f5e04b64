/** Weights as a device keeps them: many in one long vector, so that an optimiser is a handful of operators and not some for every weight. */
import { cloneGraph, floatTensor, GraphBuilder, int, type Graph } from '../../network/onnx/graph.ts';
import type { OptimiserChoice } from '../descent.ts';
import { MOMENTUM, treatmentOf, type Treatment } from '../optimisers.ts';
import type { Parameter } from '../training-graph.ts';

/** Parameters that lie behind one another in one vector and are moved alike. */
export interface Pack {
  /** Name of the vector in graphs. */
  readonly name: string;
  /** Positions in the list of parameters. */
  readonly members: readonly number[];
  readonly length: number;
  /** Of what is no weight. */
  readonly treatment: Treatment | undefined;
}

/** Numbers in one vector, unless one weight alone has more: 64 MiB, which every device binds as one buffer. */
const LONGEST = 2 ** 24;
/** Parts of a vector that one operator takes apart or joins: a kernel has 16 buffers. */
const AT_ONCE = 8;

export function packsOf(parameters: readonly Parameter[]): Pack[] {
  const packs: { members: number[]; length: number; treatment: Treatment | undefined }[] = [];
  parameters.forEach((p, i) => {
    const treatment = treatmentOf(p);
    const last = packs.findLast((k) => k.treatment === undefined);
    const fits = treatment === undefined && last !== undefined && last.length + p.data.length <= LONGEST;
    if (!fits) packs.push({ members: [i], length: p.data.length, treatment });
    else {
      last.members.push(i);
      last.length += p.data.length;
    }
  });
  return packs.map((p, k) => ({ ...p, name: `pack/${k}` }));
}

/** Names of what gradients are added to, and of the sums. */
export const sumOf = (pack: Pack): string => `${pack.name}/sum`;
export const nextOf = (pack: Pack): string => `${pack.name}/next`;

function inBlocks<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, k) => all.slice(k * AT_ONCE, (k + 1) * AT_ONCE));
}

/** The graph with the packs as inputs instead of the parameters. */
function unpacked(source: Graph, parameters: readonly Parameter[], packs: readonly Pack[]): Graph {
  const names = new Set(parameters.map((p) => p.name));
  const graph = cloneGraph({ ...source, inputs: source.inputs.filter((i) => !names.has(i.name)) });
  const nodes = graph.nodes.splice(0);
  const b = new GraphBuilder(graph, 'packs');
  for (const pack of packs) {
    graph.inputs.push({ name: pack.name, type: 'float', dims: [pack.length] });
    const blocks = inBlocks(pack.members.map((i) => parameters[i]!));
    let at = 0;
    for (const block of blocks) {
      const from = at;
      for (const p of block) at += p.data.length;
      const piece = blocks.length === 1 ? pack.name : b.slice(pack.name, [from], [at], [0]);
      const parts = block.length === 1 ? [piece] : block.map(() => b.fresh('part'));
      if (block.length > 1)
        graph.nodes.push({
          op: 'Split',
          name: `${parts[0]!}:node`,
          inputs: [piece, b.int64s(block.map((p) => p.data.length))],
          outputs: parts,
          attributes: { axis: int(0) },
        });
      block.forEach((p, k) => b.op('Reshape', [parts[k]!, b.int64s(p.dims)], {}, p.name));
    }
  }
  graph.nodes.push(...nodes);
  return graph;
}

/** The graph that adds its gradients to the sums, one vector a pack, where it gives gradients. */
export function withPacks(
  source: Graph,
  parameters: readonly Parameter[],
  packs: readonly Pack[],
  gradientOf?: ReadonlyMap<string, string>,
): Graph {
  const graph = unpacked(source, parameters, packs);
  if (gradientOf === undefined) return graph;
  const gradients = new Set(gradientOf.values());
  const made = { ...graph, outputs: graph.outputs.filter((o) => !gradients.has(o.name)) };
  const b = new GraphBuilder(made, 'sums');
  const joined = (parts: readonly string[]): string =>
    parts.length === 1 ? parts[0]! : b.op('Concat', parts, { axis: int(0) });
  for (const pack of packs) {
    made.inputs.push({ name: sumOf(pack), type: 'float', dims: [pack.length] });
    const flat = pack.members.map((i) => b.reshape(gradientOf.get(parameters[i]!.name)!, [-1]));
    b.op('Add', [sumOf(pack), joined(inBlocks(flat).map(joined))], {}, nextOf(pack));
    made.outputs.push({ name: nextOf(pack), type: 'float', dims: [pack.length] });
  }
  return made;
}

/** Vectors of the optimiser's graph, for each pack; `of(pack)` and its next value `to(pack)`. */
export const WEIGHTS = { of: (p: Pack): string => p.name, to: (p: Pack): string => `${p.name}/moved` };
export const FIRST = { of: (p: Pack): string => `${p.name}/first`, to: (p: Pack): string => `${p.name}/first/moved` };
export const SECOND = {
  of: (p: Pack): string => `${p.name}/second`,
  to: (p: Pack): string => `${p.name}/second/moved`,
};
export type Kept = typeof WEIGHTS;

/** What an optimiser keeps between steps. */
export function momentsOf(choice: OptimiserChoice): readonly Kept[] {
  return choice.optimiser === 'adam' ? [FIRST, SECOND] : [FIRST];
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** The numbers of one step, which the graph takes as inputs of one value each. @param steps taken before. @param by what gradients are multiplied with. */
export function stepNumbers(
  choice: OptimiserChoice,
  steps: number,
  by: number,
  { learningRate, weightDecay }: { readonly learningRate: number; readonly weightDecay: number },
): Record<string, number> {
  if (choice.optimiser === 'sgd')
    return { by, decay: weightDecay, rate: learningRate, fresh: steps > 0 ? 1 - choice.dampening : 1 };
  const t = steps + 1;
  const rate = learningRate / (1 - BETA1 ** t);
  return { by, decay: weightDecay, rate, scale: 1 / Math.sqrt(1 - BETA2 ** t) };
}

/** A step of the optimiser as a graph, the same arithmetic as `adam.ts` and `optimisers.ts` have: (weights, sums, moments, numbers) -> weights, moments. */
export function optimiserGraph(choice: OptimiserChoice, packs: readonly Pack[]): Graph {
  const graph: Graph = {
    name: 'optimiser',
    inputs: Object.keys(stepNumbers(choice, 0, 1, { learningRate: 1, weightDecay: 0 })).map((name) => ({
      name,
      type: 'float' as const,
      dims: [1],
    })),
    outputs: [],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  };
  const b = new GraphBuilder(graph, 'step');
  for (const pack of packs) {
    const vector = (list: Graph['inputs'], name: string): void => {
      list.push({ name, type: 'float', dims: [pack.length] });
    };
    for (const name of [WEIGHTS.of(pack), sumOf(pack), ...momentsOf(choice).map((m) => m.of(pack))])
      vector(graph.inputs, name);
    move(b, choice, pack);
    for (const name of [WEIGHTS.to(pack), ...momentsOf(choice).map((m) => m.to(pack))]) vector(graph.outputs, name);
  }
  return graph;
}

function move(b: GraphBuilder, choice: OptimiserChoice, pack: Pack): void {
  const w = WEIGHTS.of(pack);
  const scaled = b.op('Mul', [sumOf(pack), 'by']);
  const g = pack.treatment === undefined ? b.op('Add', [scaled, b.op('Mul', [w, 'decay'])]) : scaled;
  const factor = pack.treatment?.rate ?? 1;
  const rate = factor === 1 ? 'rate' : b.op('Mul', ['rate', b.scalar(factor)]);
  const decayed = (moment: string, beta: number, fresh: string, to: string): string =>
    b.op('Add', [b.op('Mul', [moment, b.scalar(beta)]), fresh], {}, to);
  let way: string;
  if (choice.optimiser === 'sgd') {
    way = decayed(FIRST.of(pack), MOMENTUM, b.op('Mul', [g, 'fresh']), FIRST.to(pack));
  } else {
    const m = decayed(FIRST.of(pack), BETA1, b.op('Mul', [g, b.scalar(1 - BETA1)]), FIRST.to(pack));
    const square = b.op('Mul', [b.op('Mul', [g, g]), b.scalar(1 - BETA2)]);
    const v = decayed(SECOND.of(pack), BETA2, square, SECOND.to(pack));
    const spread = b.op('Add', [b.op('Mul', [b.op('Sqrt', [v]), 'scale']), b.scalar(EPSILON)]);
    way = b.op('Div', [m, spread]);
  }
  const moved = b.op('Sub', [w, b.op('Mul', [way, rate])]);
  const least = pack.treatment?.least ?? -Infinity;
  b.op(
    least === -Infinity ? 'Identity' : 'Max',
    least === -Infinity ? [moved] : [moved, b.scalar(least)],
    {},
    WEIGHTS.to(pack),
  );
}

/** Output of {@link finiteGraph}. */
export const FINITE = 'finite';
/** Numbers that are added up by one row of a kernel. */
const ROW = 4096;

/**
 * (sums) -> a number that is finite where all of them are: the sum of their sizes, which whoever asked looks at. That no number is infinite is
 * not asked on the device, whose compiler may take it for granted.
 */
export function finiteGraph(packs: readonly Pack[]): Graph {
  const graph: Graph = {
    name: 'finite',
    inputs: packs.map((p) => ({ name: sumOf(p), type: 'float', dims: [p.length] })),
    outputs: [{ name: FINITE, type: 'float', dims: [1] }],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  };
  const b = new GraphBuilder(graph, 'finite');
  const parts = packs.flatMap((p) => {
    const sizes = b.op('Abs', [sumOf(p)]);
    const whole = Math.floor(p.length / ROW) * ROW;
    const rest = (from: number): string => b.reduceSum(b.slice(sizes, [from], [p.length], [0]), [0], true);
    if (whole === 0) return [b.reduceSum(sizes, [0], true)];
    const block = whole === p.length ? sizes : b.slice(sizes, [0], [whole], [0]);
    const rows = b.reduceSum(b.reshape(block, [-1, ROW]), [1], false);
    return [b.reduceSum(rows, [0], true), ...(whole === p.length ? [] : [rest(whole)])];
  });
  const sum = parts.reduce((a, part) => b.op('Add', [a, part]));
  b.op('Identity', [sum], {}, FINITE);
  return graph;
}

/** x as it is, which brings it to the device or back. */
export function carrierGraph(): Graph {
  const graph: Graph = {
    name: 'carrier',
    inputs: [{ name: 'x', type: 'float', dims: ['n'] }],
    outputs: [{ name: 'y', type: 'float', dims: ['n'] }],
    nodes: [],
    initializers: new Map([['one', floatTensor([], [1])]]),
    metadata: new Map(),
  };
  new GraphBuilder(graph, 'carrier').op('Mul', ['x', 'one'], {}, 'y');
  return graph;
}
