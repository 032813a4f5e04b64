/** Descriptors of networks that give tokens (ViTs): the class token, the patch tokens as the map that they are, or both. */
import { CovisError } from '../../../shared/errors.ts';
import type { Pooling, TokenPart } from '../../../shared/facts/poolings.ts';
import { findInput, onImage, ownName, seen, watched, type Found } from './image-input.ts';
import { GraphBuilder, int, ints, type Graph, type OnnxNode } from './onnx/graph.ts';
import { appendL2, appendPooling } from './pooling-heads.ts';

/** More tokens than these before the patches are no class token and registers. */
const MOST_OTHERS = 16;
const END = 2 ** 31 - 1;
/** What token lists come of at the end of a network. */
const ENDS: ReadonlySet<string> = new Set(['LayerNormalization', 'RMSNormalization', 'Add', 'Mul']);

/** Where a network's tokens lie. */
export interface Tokens {
  /** The value [N, T, C]. */
  readonly value: string;
  /** The convolution whose map [N, ·, h, w] became the patches. */
  readonly patches: string;
  /** Tokens before the patches: 0, or the class token and registers. */
  readonly others: number;
  readonly channels: number;
  /** Rows and columns of the patches at the size that was tried. */
  readonly grid: readonly [number, number];
}

/**
 * Finds the tokens of a network.
 * @param named the value that is a token list; the last one of the network if not given.
 * @throws CovisError `INPUT_UNSUPPORTED` where none lies in the grid of a convolution.
 */
export async function findTokens(network: Graph, named: string | undefined): Promise<Tokens> {
  const before = upstream(network, named === undefined ? network.outputs.map((o) => o.name) : [named]);
  const convolutions = before.filter((n) => n.op === 'Conv').map((n) => n.outputs[0]!);
  const lists = named === undefined ? before.filter((n) => isEnd(n, network)).map((n) => n.outputs[0]!) : [named];
  const outputs = network.outputs.map((o) => o.name).filter((o) => named === undefined && !lists.includes(o));
  const asked = [...new Set([...convolutions, ...lists, ...outputs])];
  const found = await findInput(watched(onImage(network, asked)));
  for (const value of [...lists, ...outputs].reverse()) {
    const tokens = inGrid(value, convolutions, found);
    if (tokens !== undefined) return tokens;
  }
  throw new CovisError(
    'INPUT_UNSUPPORTED',
    named === undefined
      ? 'The network has no tokens that lie in the grid of a convolution'
      : `${named} is no list of tokens [1, T, C] that lie in the grid of a convolution`,
    { hint: 'Leave --tokens out, or name the list of tokens with --output.' },
  );
}

/**
 * Normalisations, sums of two things that were computed, products with a scale a channel. Biases are added to keys and values as well, and
 * these are multiplied by shares, which makes no tokens of them.
 */
function isEnd(node: OnnxNode, network: Graph): boolean {
  if (!ENDS.has(node.op)) return false;
  const constants = node.inputs.flatMap((i) => network.initializers.get(i) ?? []);
  if (node.op === 'Add') return constants.length === 0;
  return node.op !== 'Mul' || constants.some((c) => c.data.length > 1);
}

/** Nodes that values need, in the network's order. */
function upstream(network: Graph, values: readonly string[]): OnnxNode[] {
  const needed = new Set(values);
  const nodes: OnnxNode[] = [];
  for (const node of [...network.nodes].reverse()) {
    if (!node.outputs.some((o) => needed.has(o))) continue;
    nodes.unshift(node);
    for (const i of node.inputs) needed.add(i);
  }
  return nodes;
}

function inGrid(value: string, convolutions: readonly string[], found: Found): Tokens | undefined {
  const at = (shapes: Found['shapes'] | undefined, name: string): readonly number[] | undefined =>
    shapes?.[seen(ownName(name))];
  const dims = at(found.shapes, value);
  if (dims?.length !== 3 || dims[0] !== 1) return undefined;
  const count = (shapes: Found['shapes'] | undefined, conv: string): number | undefined => {
    const map = at(shapes, conv);
    const list = at(shapes, value);
    return map?.length === 4 && list?.length === 3 ? list[1]! - map[2]! * map[3]! : undefined;
  };
  // The last convolution whose positions are the tokens but a few, at every size.
  const patches = convolutions.findLast((conv) => {
    const others = count(found.shapes, conv);
    if (others === undefined || others < 0 || others > MOST_OTHERS) return false;
    return found.others === undefined || count(found.others, conv) === others;
  });
  if (patches === undefined) return undefined;
  const [, , h, w] = at(found.shapes, patches)!;
  if (h! * w! < 2) return undefined;
  return { value, patches, others: dims[1]! - h! * w!, channels: dims[2]!, grid: [h!, w!] };
}

/** A value that describes by tokens, appended to the part of the network that has it. */
export interface TokenValue {
  readonly graph: Graph;
  readonly value: string;
  readonly kind: 'map' | 'vector';
  readonly dim: number;
  readonly why: string;
}

/**
 * Appends what of the tokens describes.
 * @param backbone has the tokens and the patches' map, under the names that `name` gives.
 * @param fixed true where the network takes one size, so that the grid is known.
 * @throws CovisError `INPUT_UNSUPPORTED` for a class token that is not there.
 */
export function appendTokens(
  backbone: Graph,
  tokens: Tokens,
  part: TokenPart,
  pooling: Pooling,
  fixed: boolean,
): TokenValue {
  const { channels, others, grid } = tokens;
  if (part !== 'patches' && others === 0)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `All ${grid[0] * grid[1]} tokens of ${tokens.value} are patches: there is no class token`,
      {
        hint: 'Take them with --tokens patches.',
      },
    );
  const graph: Graph = { ...backbone, nodes: [...backbone.nodes], initializers: new Map(backbone.initializers) };
  const b = new GraphBuilder(graph, 'tokens');
  const value = ownName(tokens.value);
  const first = (): string => b.reshape(b.slice(value, [0], [1], [1]), [-1, channels]);
  const map = (): string => {
    const own = others === 0 ? value : b.slice(value, [others], [END], [1]);
    const turned = b.op('Transpose', [own], { perm: ints([0, 2, 1]) });
    // A zero takes over how many photos there are.
    const shape = fixed
      ? b.int64s([0, channels, ...grid])
      : b.op('Concat', [b.int64s([0, channels]), b.slice(b.op('Shape', [ownName(tokens.patches)]), [2], [4], [0])], {
          axis: int(0),
        });
    return b.op('Reshape', [turned, shape], {}, 'tokens/map');
  };
  const patches = `its ${fixed ? `${grid[0] * grid[1]} ` : ''}patch tokens of ${tokens.value}`;
  if (part === 'patches') {
    const without = others === 0 ? '' : `, without the ${others === 1 ? 'class token' : `${others} others`}`;
    return { graph, value: map(), kind: 'map', dim: channels, why: `${patches} as a map${without}` };
  }
  if (part === 'class')
    return {
      graph,
      value: b.op('Identity', [first()], {}, 'tokens/class'),
      kind: 'vector',
      dim: channels,
      why: `the class token of ${tokens.value}`,
    };
  const parts = [appendL2(b, first()), appendL2(b, appendPooling(b, map(), channels, pooling))];
  return {
    graph,
    value: b.op('Concat', parts, { axis: int(1) }, 'tokens/both'),
    kind: 'vector',
    dim: 2 * channels,
    why: `the class token and ${patches.replace('its ', 'the ')}, pooled, each of unit length`,
  };
}
