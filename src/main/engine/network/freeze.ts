/** Which weights training leaves as they are: those of the first blocks of a network, or all in front of its head. */
import { CovisError } from '../../../shared/errors.ts';
import type { NetworkSpec } from '../../../shared/domain.ts';
import { moves } from './differentiable.ts';
import { pooledMap, trainableParameters } from './head.ts';
import { GEM_P } from './pooling-heads.ts';
import { sizeOf, type Graph, type OnnxNode } from './onnx/graph.ts';

/** A part of a network that everything goes through, with weights: a convolution, a residual block, a block of a transformer. */
interface Block {
  /** The value that it takes, and the one that it gives. */
  readonly begin: string;
  readonly end: string;
  readonly nodes: readonly OnnxNode[];
  readonly weights: readonly string[];
}

/** What freezing leaves of a network. */
export interface Frozen {
  /** The graph, which says so. */
  readonly graph: Graph;
  /** What stays and what learns, as people read it. */
  readonly words: string;
}

/**
 * The blocks of a network from the image on. They meet where one value holds all that came of the image. Attention and what follows it
 * in a transformer's block are one. Behind the last, weights of none may follow.
 */
export function blocksOf(graph: Graph): Block[] {
  const flow = new Set(graph.inputs.map((i) => i.name));
  const lastUse = new Map<string, number>();
  graph.nodes.forEach((node, i) => {
    if (!moves(node, flow)) return;
    for (const x of node.inputs) if (flow.has(x)) lastUse.set(x, i);
    for (const o of node.outputs) flow.add(o);
  });
  for (const o of graph.outputs) lastUse.set(o.name, graph.nodes.length);
  // The exponent of a pooling makes no block.
  const left = new Set(trainableParameters({ ...graph, frozen: new Set([GEM_P]) }));
  const live = new Set(graph.inputs.map((i) => i.name));
  const blocks: Block[] = [];
  let begin = graph.inputs[0]?.name ?? '';
  let nodes: OnnxNode[] = [];
  let weights: string[] = [];
  graph.nodes.forEach((node, i) => {
    nodes.push(node);
    for (const x of node.inputs) if (left.delete(x)) weights.push(x);
    if (!node.outputs.some((o) => flow.has(o))) return;
    for (const o of node.outputs) if (lastUse.has(o)) live.add(o);
    for (const x of node.inputs) if ((lastUse.get(x) ?? -1) <= i) live.delete(x);
    const [end] = live;
    if (live.size !== 1 || end === undefined || !node.outputs.includes(end)) return;
    const last = blocks.at(-1);
    if (weights.length > 0) {
      const block = { begin, end, nodes, weights };
      if (last !== undefined && isTransformer(last, block))
        blocks.splice(-1, 1, {
          ...block,
          begin: last.begin,
          weights: [...last.weights, ...weights],
          nodes: [...last.nodes, ...nodes],
        });
      else blocks.push(block);
    }
    begin = end;
    nodes = [];
    weights = [];
  });
  return blocks;
}

/** Attention, added to what it began with, and a part without attention that is added in turn. */
function isTransformer(first: Block, second: Block): boolean {
  const attends = (b: Block): boolean => b.nodes.some((n) => n.op === 'Softmax');
  return attends(first) && !attends(second) && isResidual(first) && isResidual(second);
}

function isResidual({ begin, end, nodes }: Block): boolean {
  const last = nodes.find((n) => n.outputs.includes(end));
  return last?.op === 'Add' && last.inputs.includes(begin);
}

/**
 * The network with the weights of its first blocks frozen, or with all but its head's: what stands behind its map, or behind what a
 * projection takes; of a network that gives a vector by itself the last block.
 * @throws CovisError `INPUT_INVALID` where nothing would be left to learn.
 */
export function freeze(graph: Graph, spec: Pick<NetworkSpec, 'name' | 'features' | 'taken'>, depth: string): Frozen {
  const blocks = blocksOf(graph);
  const all = trainableParameters(graph);
  const most = blocks.length - 1;
  const fewer = most < 1 ? '' : `--freeze ${most > 1 ? `1 to ${most}` : '1'} keeps blocks as they are`;
  let frozen: Set<string>;
  if (depth === 'head') {
    frozen = new Set(beforeHead(graph, spec, blocks));
    if (!all.some((p) => !frozen.has(p)))
      throw new CovisError('INPUT_INVALID', `${spec.name} has no weights in its head, so that nothing would learn`, {
        hint: [`Pool by GeM or make a projection behind it first`, ...(fewer === '' ? [] : [fewer])].join('; ') + '.',
      });
  } else {
    const count = Number(depth);
    if (!Number.isInteger(count) || count < 1)
      throw new CovisError('INPUT_INVALID', `"${depth}" is neither a number of blocks nor head`);
    if (count > most)
      throw new CovisError(
        'INPUT_INVALID',
        `${spec.name} has ${blocks.length} ${blocks.length === 1 ? 'block' : 'blocks'} with weights, so that nothing of them would learn with ${count} frozen`,
        { hint: fewer === '' ? 'Train the whole network.' : `${fewer}; --freeze head keeps all but the head.` },
      );
    frozen = new Set(blocks.slice(0, count).flatMap((b) => b.weights));
  }
  const numbers = (names: readonly string[]): number =>
    names.reduce((sum, name) => sum + sizeOf(graph.initializers.get(name)!.dims), 0);
  const learns = numbers(all.filter((p) => !frozen.has(p)));
  const share = `${learns.toLocaleString('en')} of ${numbers(all).toLocaleString('en')} weights`;
  const words =
    depth === 'head'
      ? `The head alone learns: ${share}`
      : `The first ${depth} of ${blocks.length} blocks stay as they are: ${share} learn`;
  return { graph: { ...graph, frozen }, words };
}

/** Weights that a head does not have. */
function beforeHead(
  graph: Graph,
  spec: Pick<NetworkSpec, 'name' | 'features' | 'taken'>,
  blocks: readonly Block[],
): string[] {
  const own = spec.taken?.kind === 'vector';
  const projected = ['projection/input', 'whitening/input'].find((v) => graph.nodes.some((n) => n.outputs.includes(v)));
  if (own && projected === undefined) return blocks.slice(0, -1).flatMap((b) => b.weights);
  const value = own ? projected! : pooledMap(graph, spec);
  const before = new Set([value]);
  for (const node of [...graph.nodes].reverse())
    if (node.outputs.some((o) => before.has(o))) for (const i of node.inputs) before.add(i);
  return trainableParameters(graph).filter((p) => before.has(p));
}
