import { DESCRIPTOR, hasLinearLayer, IMAGE } from './head.ts';
import { floatTensor, GraphBuilder, int, string, type Graph, type OnnxNode } from './onnx/graph.ts';
import { appendL2, GEM_P } from './pooling-heads.ts';

/** Scales of plain networks, and of those that end in a linear layer (methods.md 1.7). */
export const SCALES = [1, Math.SQRT1_2, 0.5] as const;
export const LINEAR_SCALES = [1, Math.SQRT2, Math.SQRT1_2] as const;

const FLOAT = 1;
/** A little more than one, so that rounding does not make none of it. */
const ONE_PIXEL = 1.000001;

/**
 * The network at several scales as one graph (methods.md 1.7): the normalised image is resized bilinearly without antialiasing, each
 * scale gives a unit descriptor v_s, and ( mean of v_s^m )^(1/m) is normalised again; m is the learned exponent where one GeM exponent
 * ends the network, else 1. Weights are there once. The result describes; it is not meant for training.
 */
export function multiScale(network: Graph, scales: readonly number[]): Graph {
  const graph: Graph = {
    ...network,
    nodes: [],
    initializers: new Map(network.initializers),
    outputs: [...network.outputs],
  };
  const b = new GraphBuilder(graph, 'scales');
  const made = new Set(network.nodes.flatMap((n) => n.outputs));
  const vectors = scales.map((scale, k) => {
    const image =
      scale === 1
        ? IMAGE
        : b.op(
            'Resize',
            [IMAGE, '', scale > 1 ? b.constant(floatTensor([4], [1, 1, scale, scale])) : smaller(b, scale)],
            {
              mode: string('linear'),
              coordinate_transformation_mode: string('half_pixel'),
            },
          );
    const renamed = (v: string): string => (v === IMAGE ? image : made.has(v) ? `scale_${k}/${v}` : v);
    for (const n of network.nodes)
      graph.nodes.push({
        ...n,
        name: `scale_${k}/${n.name}`,
        inputs: n.inputs.map(renamed),
        outputs: n.outputs.map(renamed),
      } satisfies OnnxNode);
    return renamed(DESCRIPTOR);
  });
  const exponent = network.initializers.get(GEM_P);
  const byExponent = exponent?.data.length === 1 && !hasLinearLayer(network) && pooledByGem(network);
  const sum = b.op('Sum', byExponent ? vectors.map((v) => b.op('Pow', [v, GEM_P])) : vectors);
  const mean = b.op('Div', [sum, b.scalar(scales.length)]);
  appendL2(b, byExponent ? b.op('Pow', [mean, b.op('Div', [b.scalar(1), GEM_P])]) : mean, DESCRIPTOR);
  return graph;
}

/** Factors of a scale below 1 that leave at least one pixel of the image either way. */
function smaller(b: GraphBuilder, scale: number): string {
  const sides = b.op('Cast', [b.slice(b.op('Shape', [IMAGE]), [2], [4], [0])], { to: int(FLOAT) });
  const factors = b.op('Max', [b.scalar(scale), b.op('Div', [b.scalar(ONE_PIXEL), sides])]);
  return b.op('Concat', [b.constant(floatTensor([2], [1, 1])), factors], { axis: int(0) });
}

/** Regional pooling also has an exponent, but sums unit vectors. */
function pooledByGem(network: Graph): boolean {
  return !network.nodes.some((n) => n.op === 'ArgMin');
}
