/** Which part of a foreign network is taken: its last feature map where a plain classifier stands behind it, its own output elsewhere, or what a person names. */
import { CovisError } from '../../../shared/errors.ts';
import type { InputFacts, TakenFacts } from '../../../shared/facts/networks.ts';
import type { Pooling, TokenPart } from '../../../shared/facts/poolings.ts';
import {
  addHead,
  addUnitHead,
  headConvolution,
  lastFeatureMap,
  mapsBeforePooling,
  unknownMaps,
  valueNamed,
} from './head.ts';
import { findInput, onImage, ownName, seenShapes, shapeInWords, type Found } from './image-input.ts';
import { beforePower, featuresAmong, ofHeads } from './meant-map.ts';
import { beyondCut, CLASSES, endOfClasses, type BeyondCut } from './onnx/beyond-cut.ts';
import { sizeOf, type Graph } from './onnx/graph.ts';
import { appendTokens, findTokens } from './tokens.ts';

/** `own`: the network's own output. `map`: its last feature map. Else the name of a value or of a node. */
export type Wanted = 'own' | 'map' | (string & {});

/** A foreign network with its head. */
export interface Taken {
  readonly graph: Graph;
  readonly dim: number;
  /** The value that was taken. */
  readonly value: string;
  /** Absent where images of all sizes go together. */
  readonly input: InputFacts | undefined;
  readonly taken: TakenFacts;
}

/** Below this share of the nodes a map is no result of the network. */
const LEAST_SHARE = 0.1;

/**
 * Takes a normalised network apart.
 * @param wanted what a person chose; decided by what lies behind the last feature map if not given.
 * @param tokens what describes of a network that gives tokens.
 * @throws CovisError `INPUT_UNSUPPORTED` with what was found and the choices where it is not plain, `NOT_FOUND` for a name that is not there.
 */
export async function take(
  network: Graph,
  wanted: Wanted | undefined,
  pooling: Pooling,
  tokens?: TokenPart,
): Promise<Taken> {
  if (tokens !== undefined) return ofTokens(network, wanted, pooling, tokens);
  if (wanted === undefined) return decide(network, pooling);
  if (wanted === 'own') return ownOutput(network, pooling, 'chosen by a person');
  if (wanted === 'map') return lastMap(network, pooling);
  const value = valueNamed(network, wanted);
  if (value === undefined) throw unknownName(network, wanted);
  return taking(network, value, pooling, 'chosen by a person');
}

/** A cut at a map, as `--cut` names it. */
export async function cutAt(network: Graph, name: string, pooling: Pooling): Promise<Taken> {
  const value = valueNamed(network, name);
  if (value === undefined) throw unknownName(network, name);
  return asMap(network, value, pooling, 'cut where a person said');
}

function unknownName(network: Graph, name: string): CovisError {
  const maps = network.nodes.filter((n) => ['Relu', 'Clip', 'Add', 'HardSwish'].includes(n.op)).slice(-6);
  return new CovisError('NOT_FOUND', `The network has no node or value named ${name}`, {
    hint: `Its outputs are ${network.outputs.map((o) => o.name).join(', ')}; its last activations are ${maps.map((n) => n.name).join(', ')}.`,
  });
}

async function decide(network: Graph, pooling: Pooling): Promise<Taken> {
  const candidates = (await mapsOf(network)).map((value) => ({ value, beyond: beyondCut(network, value) }));
  const plain = candidates.find((c) => c.beyond.lost.length === 0);
  if (plain !== undefined) {
    const head = headConvolution(network, plain.value);
    if (plain.beyond.kept === plain.beyond.nodes)
      return asMap(network, plain.value, pooling, 'its own output, which is a map');
    if (head === undefined)
      return asMap(network, plain.value, pooling, 'its last feature map; behind it stands a plain classifier');
    return asMap(
      network,
      head,
      pooling,
      `the map before the 1x1 convolution that widens it for the classifier; --output ${plain.value} takes the one behind that`,
    );
  }
  const value = ofHeads(network, beforePower(network, candidates.at(-1)?.value));
  const last = value === undefined ? undefined : { value, beyond: beyondCut(network, value) };
  return ownOutput(network, pooling, reason(last), last, true);
}

async function mapsOf(network: Graph): Promise<string[]> {
  return mapsBeforePooling(network, await seenShapes(network, unknownMaps(network)));
}

function reason(last: { value: string; beyond: BeyondCut } | undefined): string {
  if (last === undefined) return 'its own output, for no feature map is pooled in it';
  const { lost, kept, nodes } = last.beyond;
  return `its own output, for behind the map ${last.value} (${kept} of ${nodes} nodes) lies more than a classifier: ${lost.join(', ')}`;
}

/** @param strict refuses what looks like classes: it was not asked for. */
async function ownOutput(
  network: Graph,
  pooling: Pooling,
  why: string,
  last?: { value: string; beyond: BeyondCut },
  strict = false,
): Promise<Taken> {
  const [output, ...more] = network.outputs;
  if (output === undefined) throw new CovisError('INPUT_UNSUPPORTED', 'The network has no output');
  if (more.length > 0)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `The network has several outputs, and which of them describes is not said: ${network.outputs.map(shapeInWords).join(', ')}`,
      { hint: `Choose one with --output, as in --output ${output.name}${mapChoice(last)}.` },
    );
  const end = strict ? endOfClasses(network) : undefined;
  if (end !== undefined) throw classes(network, `ends in ${end}, so that its output are classes`, last);
  const taken = await taking(network, output.name, pooling, why);
  if (strict && taken.taken.kind === 'vector' && CLASSES.has(taken.dim))
    throw classes(network, `gives ${taken.dim} numbers, as many as ImageNet has classes`, last);
  return taken;
}

function classes(network: Graph, what: string, last: { value: string; beyond: BeyondCut } | undefined): CovisError {
  const behind = last === undefined ? '' : `; behind its last map ${last.value} lie ${last.beyond.lost.join(', ')}`;
  const before = beforeClassifier(network);
  const choices = [
    ...(before === undefined ? [] : [`--output ${before} takes what goes into the classifier`]),
    '--output own takes the classes',
  ];
  return new CovisError(
    'INPUT_UNSUPPORTED',
    `The network ${what}${behind}: which part describes is for a person to say`,
    {
      hint: `${choices.join(', ')}${mapChoice(last)}.`,
    },
  );
}

function mapChoice(last: { value: string; beyond: BeyondCut } | undefined): string {
  return last === undefined
    ? ''
    : `, --output ${last.value} pools that map, ${last.beyond.kept} of ${last.beyond.nodes} nodes`;
}

/** What goes into the last matrix product with weights. */
function beforeClassifier(network: Graph): string | undefined {
  const product = network.nodes.findLast(
    (n) => ['Gemm', 'MatMul'].includes(n.op) && network.initializers.has(n.inputs[1] ?? ''),
  );
  return product?.inputs[0];
}

async function lastMap(network: Graph, pooling: Pooling): Promise<Taken> {
  const candidates = await featuresAmong(network, await mapsOf(network));
  const plain = candidates.find((value) => beyondCut(network, value).lost.length === 0);
  const value = plain ?? ofHeads(network, beforePower(network, candidates.at(-1)));
  const output = network.outputs[0]?.name;
  if (value !== undefined) {
    const { kept, nodes } = beyondCut(network, value);
    if (plain !== undefined || kept >= LEAST_SHARE * nodes) {
      const head = headConvolution(network, value);
      return asMap(network, head ?? value, pooling, 'its last feature map, chosen by a person');
    }
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `The last feature map of this network, ${value}, comes of ${kept} of its ${nodes} nodes: it is where the network begins, not what it finds`,
      { hint: `Leave --output out for its own output; --output ${value} pools that map all the same.` },
    );
  }
  if (output !== undefined) {
    const taken = await taking(network, output, pooling, 'its output, which is a map, chosen by a person');
    if (taken.taken.kind === 'map') return taken;
  }
  // Says that there is none.
  return asMap(network, lastFeatureMap(network), pooling, 'chosen by a person');
}

/** A map where the value is one, a unit vector where it is a vector. */
async function taking(network: Graph, value: string, pooling: Pooling, why: string): Promise<Taken> {
  const backbone = onImage(network, [value]);
  const name = nameIn(network, backbone, value);
  const found = await findInput(backbone);
  const dims = found.shapes[name] ?? [];
  const others = found.others?.[name] ?? dims;
  const same = dims.length === others.length && dims.slice(1).every((d, i) => d === others[i + 1]);
  const isMap = dims.length === 4 && (dims[2]! > 1 || dims[3]! > 1 || others[2]! > 1 || others[3]! > 1);
  if (isMap) return mapHead(network, backbone, name, found, pooling, why);
  if (dims.length === 3)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `${value} is a list of tokens [${dims.join(', ')}], neither one vector nor a map`,
      {
        hint: 'Say which of them describe with --tokens: class, patches or both. Or name one vector of the network with --output.',
      },
    );
  if (dims.length === 0 || dims.length > 4 || (dims.length > 1 && dims[0] !== 1))
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `${value} has the shape [${dims.join(', ')}] for one image, which is no vector`,
      {
        hint: 'Name another with --output.',
      },
    );
  if (!same)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `${value} has ${sizeOf(dims)} numbers for one size of image and ${sizeOf(others)} for another, so that photos could not be compared`,
      { hint: 'Choose its map with --output map, or name another value.' },
    );
  const dim = sizeOf(dims);
  return {
    graph: addUnitHead(backbone, name, dim, inputDims(backbone, found)),
    dim,
    value,
    input: nothing(found.input),
    taken: facts(network, backbone, 'vector', why),
  };
}

/** What of a token list describes. */
async function ofTokens(network: Graph, wanted: Wanted | undefined, pooling: Pooling, part: TokenPart): Promise<Taken> {
  if (wanted === 'map')
    throw new CovisError('INPUT_INVALID', 'A map is pooled as a map, and not by its tokens', {
      hint: 'Leave --output map or --tokens out.',
    });
  const named = wanted === undefined || wanted === 'own' ? undefined : valueNamed(network, wanted);
  if (wanted !== undefined && wanted !== 'own' && named === undefined) throw unknownName(network, wanted);
  const tokens = await findTokens(network, named);
  const found = await findInput(onImage(network, [tokens.value]));
  const fixed = found.input.height !== undefined;
  const backbone = onImage(network, fixed ? [tokens.value] : [tokens.value, tokens.patches]);
  const made = appendTokens(backbone, tokens, part, pooling, fixed);
  const said = facts(network, backbone, made.kind, made.why);
  const input = inputDims(backbone, found);
  if (made.kind === 'map') {
    const { graph, dim } = addHead(made.graph, made.value, { pooling, dim: made.dim, input });
    return { graph, dim, value: made.value, input: nothing(found.input), taken: said };
  }
  const graph = addUnitHead(made.graph, made.value, made.dim, input);
  return { graph, dim: made.dim, value: made.value, input: nothing(found.input), taken: said };
}

async function asMap(network: Graph, value: string, pooling: Pooling, why: string): Promise<Taken> {
  const backbone = onImage(network, [value]);
  const name = nameIn(network, backbone, value);
  return mapHead(network, backbone, name, await findInput(backbone), pooling, why);
}

/** The image itself goes by another name in the backbone. */
function nameIn(network: Graph, backbone: Graph, value: string): string {
  return network.inputs.some((i) => i.name === value) ? backbone.inputs[0]!.name : ownName(value);
}

function mapHead(network: Graph, backbone: Graph, name: string, found: Found, pooling: Pooling, why: string): Taken {
  const dims = found.shapes[name];
  const channels = dims?.[1];
  if (dims?.length !== 4 || channels === undefined || (found.others?.[name]?.[1] ?? channels) !== channels)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `${name} is not a feature map of four dimensions with a fixed number of channels`,
    );
  const { graph, dim } = addHead(backbone, name, { pooling, dim: channels, input: inputDims(backbone, found) });
  return { graph, dim, value: name, input: nothing(found.input), taken: facts(network, backbone, 'map', why) };
}

function inputDims(backbone: Graph, { input }: Found): (number | string)[] {
  const channels = backbone.inputs[0]!.dims[1];
  return [
    input.alone === true ? 1 : 'N',
    typeof channels === 'number' ? channels : 3,
    input.height ?? 'H',
    input.width ?? 'W',
  ];
}

function nothing(input: InputFacts): InputFacts | undefined {
  return Object.keys(input).length === 0 ? undefined : input;
}

function facts(network: Graph, backbone: Graph, kind: TakenFacts['kind'], why: string): TakenFacts {
  const kept = new Set(backbone.nodes.flatMap((n) => n.outputs));
  const left = network.nodes.filter((n) => !n.outputs.some((o) => kept.has(o)));
  const weights = weightsOf(network);
  return {
    kind,
    kept: network.nodes.length - left.length,
    nodes: network.nodes.length,
    dropped: [...new Set(left.map((n) => n.op))].sort(),
    droppedWeights: Math.max(0, weights - weightsOf(backbone)),
    weights,
    why,
  };
}

/** Numbers in the float weights of a graph. */
function weightsOf(graph: Graph): number {
  let sum = 0;
  for (const { dims, data, type } of graph.initializers.values())
    if (data instanceof Float32Array || type !== undefined) sum += sizeOf(dims);
  return sum;
}
