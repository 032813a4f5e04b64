/** Which of the values that may be maps is meant by the last one: features, not what weighs them, assigns them or pools them already. */
import { CovisError } from '../../../shared/errors.ts';
import { seenShapes } from './image-input.ts';
import { intOf, type Graph, type OnnxNode } from './onnx/graph.ts';

const SHAPING: ReadonlySet<string> = new Set(['Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze']);
/** What a generalised mean and other poolings are made of. */
const POOLED: ReadonlySet<string> = new Set([
  ...['GlobalAveragePool', 'GlobalMaxPool', 'AveragePool', 'MaxPool', 'ReduceMean', 'ReduceMax'],
  ...['Pow', 'Clip', 'Max', 'Div', 'Identity', 'Pad'],
]);
/** What may stand between the layers of a head that is made of point convolutions. */
const OF_HEADS: ReadonlySet<string> = new Set([
  ...['Relu', 'LeakyRelu', 'Clip', 'HardSwish', 'Sigmoid', 'Tanh', 'Softplus', 'Gelu', 'Elu', 'PRelu'],
  ...['Identity', 'Dropout', 'BatchNormalization', 'Mul', 'Add', 'Sub', 'Div'],
]);

/** Maps of features: not shares, by which places are assigned or weighed, and where a map is pooled already the one before. */
export async function featuresAmong(network: Graph, maps: readonly string[]): Promise<string[]> {
  const shapes = await seenShapes(network, maps);
  const features = maps.flatMap((map) => {
    if (isShare(network, map)) return [];
    const dims = shapes.get(map);
    return dims?.[2] === 1 && dims[3] === 1 ? [beforePooled(network, map)] : [map];
  });
  if (maps.length > 0 && features.length === 0)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `No map of features lies before a pooling: ${maps.join(', ')} ${maps.length === 1 ? 'is' : 'are'} shares by which places count`,
      { hint: 'Leave --output out for its own output, or name the value that is its map.' },
    );
  return features;
}

/** True where nothing but a Softmax takes the map, whatever its shape was made. */
function isShare(network: Graph, map: string): boolean {
  let takers = network.nodes.filter((n) => n.inputs.includes(map) && n.op !== 'Shape');
  while (takers.length === 1 && SHAPING.has(takers[0]!.op)) {
    const [made] = takers[0]!.outputs;
    takers = network.nodes.filter((n) => n.inputs.includes(made ?? '') && n.op !== 'Shape');
  }
  return takers.length > 0 && takers.every((n) => n.op === 'Softmax');
}

/** What was pooled to one place. */
function beforePooled(network: Graph, value: string): string {
  const producer = producers(network);
  for (let node = producer.get(value); node !== undefined && POOLED.has(node.op); node = producer.get(value))
    value = node.inputs.find((i) => producer.has(i)) ?? node.inputs[0]!;
  return value;
}

/** A map that a generalised mean has raised already, before it was: it would be raised twice. */
export function beforePower(network: Graph, map: string | undefined): string | undefined {
  const producer = producers(network);
  let node = producer.get(map ?? '');
  if (node?.op !== 'Pow') return map;
  let value = node.inputs[0]!;
  node = producer.get(value);
  while (node?.op === 'Clip' || node?.op === 'Max') {
    value = node.inputs.find((i) => !network.initializers.has(i)) ?? value;
    node = producer.get(value);
  }
  return value;
}

/**
 * Where a map is made by point convolutions of another that goes on besides, as scores by which places are assigned (SALAD) or their
 * weights are: that other one, of which all of these are made. Else the map itself.
 */
export function ofHeads(network: Graph, map: string | undefined): string | undefined {
  const producer = producers(network);
  let value = map;
  for (let node = producer.get(value ?? ''); node !== undefined; node = producer.get(value!)) {
    const point = node.op === 'Conv' && isPoint(node, network);
    const computed = node.inputs.filter((i) => producer.has(i));
    if (!point && (!OF_HEADS.has(node.op) || computed.length !== 1)) return map;
    value = computed[0];
    if (value === undefined) return map;
    const takers = network.nodes.filter((n) => n.op !== 'Shape' && n.inputs.includes(value!));
    if (point && takers.length > 1) return value;
  }
  return map;
}

function isPoint(node: OnnxNode, network: Graph): boolean {
  const dims = network.initializers.get(node.inputs[1] ?? '')?.dims;
  return dims?.length === 4 && dims[2] === 1 && dims[3] === 1 && intOf(node, 'group', 1) === 1;
}

function producers(graph: Graph): Map<string, OnnxNode> {
  const map = new Map<string, OnnxNode>();
  for (const n of graph.nodes) for (const o of n.outputs) map.set(o, n);
  return map;
}
