import { CovisError } from '../../../shared/errors.ts';
import type { NetworkSpec } from '../../../shared/domain.ts';
import { DESCRIPTOR } from './head.ts';
import { cloneGraph, type Graph, type OnnxNode } from './onnx/graph.ts';
import { prune } from './onnx/normalise.ts';
import { GEM_P } from './pooling-heads.ts';

/** A network of Covis taken apart where it pools, so that parts of a photo can be pooled and go through the rest as whole photos do. */
export interface Parts {
  /** The map that each scale pools; outputs of `body`, which takes the image. */
  readonly maps: readonly string[];
  readonly body: Graph;
  /** What each scale's pooling gives, [N, K] without normalisation; inputs of `head`, which gives the descriptor. */
  readonly pooled: readonly string[];
  readonly head: Graph;
  /** How a region becomes one value a channel: GeM's exponents (one, or one a channel), the largest value, or the mean. */
  readonly pooling: 'mac' | 'spoc' | Float64Array;
  /** True where whole photos are sums of unit regions. */
  readonly regional: boolean;
}

/** Where the pooled value meets a linear layer (`linear-head.ts`); else the descriptor is what is normalised. */
const BEFORE_LINEAR = ['projection/input', 'whitening/input'];

/** @throws CovisError `INPUT_UNSUPPORTED` for a network that gives a vector by itself, or whose pooling is not one that Covis appended. */
export function takeApart(
  graph: Graph,
  spec: Pick<NetworkSpec, 'name' | 'features' | 'pooling' | 'scales' | 'taken'>,
): Parts {
  if (spec.taken?.kind === 'vector')
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `The network ${spec.name} gives one vector of a photo, and no map whose regions could be pooled`,
      { hint: 'Take a network that pools a map. A ViT does where its file was added with --tokens patches.' },
    );
  const producer = new Map<string, OnnxNode>();
  for (const n of graph.nodes) for (const o of n.outputs) producer.set(o, n);
  const unknown = (): CovisError =>
    new CovisError('INPUT_UNSUPPORTED', `The network ${spec.name} does not say how it pools which map`, {
      hint: 'Import the backbone and start from that.',
    });
  const prefixes = spec.scales === undefined ? [''] : spec.scales.map((_, k) => `scale_${k}/`);
  const found = prefixes.map((prefix) => {
    const unit = [...BEFORE_LINEAR, DESCRIPTOR].map((v) => prefix + v).find((v) => producer.has(v));
    const division = unit === undefined ? undefined : producer.get(unit);
    const pooled = division?.op === 'Div' ? division.inputs[0] : undefined;
    const map = pooled === undefined ? undefined : mapBehind(pooled, prefix, graph, producer, spec.features);
    if (pooled === undefined || map === undefined) throw unknown();
    return { pooled, map };
  });
  const exponents = graph.initializers.get(GEM_P)?.data;
  const pooling =
    exponents !== undefined
      ? Float64Array.from(exponents, Number)
      : spec.pooling === 'spoc'
        ? 'spoc'
        : spec.pooling === 'mac' || spec.pooling === 'rmac'
          ? 'mac'
          : undefined;
  if (pooling === undefined) throw unknown();
  const maps = found.map((f) => f.map);
  const pooled = found.map((f) => f.pooled);
  const body = prune(graph, maps);
  body.outputs.splice(
    0,
    maps.length,
    ...maps.map((name) => ({ name, type: 'float' as const, dims: ['N', 'K', `${name}:h`, `${name}:w`] })),
  );
  const cut = cloneGraph(graph);
  cut.nodes.splice(0, cut.nodes.length, ...graph.nodes.filter((n) => !n.outputs.some((o) => pooled.includes(o))));
  cut.inputs.splice(
    0,
    cut.inputs.length,
    ...pooled.map((name) => ({ name, type: 'float' as const, dims: ['N', 'K'] })),
  );
  return {
    maps,
    body,
    pooled,
    head: prune(cut, [DESCRIPTOR]),
    pooling,
    regional: spec.pooling === 'rmac' || spec.pooling === 'rgem',
  };
}

/** The map that a pooled value was made of. */
function mapBehind(
  pooled: string,
  prefix: string,
  graph: Graph,
  producer: ReadonlyMap<string, OnnxNode>,
  features: string,
): string | undefined {
  const before = (value: string | undefined, ...ops: string[]): string | undefined =>
    ops.reduce<string | undefined>((v, op) => {
      const node = v === undefined ? undefined : producer.get(v);
      return node?.op === op ? node.inputs[0] : undefined;
    }, value);
  const raised = graph.nodes.find((n) => n.op === 'Pow' && n.inputs[1] === GEM_P && n.name.startsWith(prefix));
  return (
    before(pooled, 'Pow', 'ReduceMean', 'Pow', 'Clip') ??
    before(pooled, 'Flatten', 'GlobalMaxPool') ??
    before(pooled, 'Flatten', 'GlobalAveragePool') ??
    before(raised?.inputs[0], 'Clip') ??
    [features, `${prefix}${features}`].reverse().find((v) => producer.has(v)) ??
    graph.nodes.find((n) => n.name === `${prefix}${features}`)?.outputs[0]
  );
}
