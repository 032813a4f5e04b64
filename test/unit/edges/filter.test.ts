import { describe, expect, it } from 'vitest';
import { edgeNetwork, filterOf } from '../../../src/main/engine/edges/edge-network.ts';
import { filterDerivatives, filterEdge, INITIAL_FILTER } from '../../../src/main/engine/edges/filter.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { EDGE_EXPONENT, EDGE_THRESHOLD, trainableParameters } from '../../../src/main/engine/network/head.ts';
import { prune } from '../../../src/main/engine/network/onnx/normalise.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { Adam } from '../../../src/main/engine/training/adam.ts';
import { Sgd } from '../../../src/main/engine/training/optimisers.ts';
import { SEED, type Parameter } from '../../../src/main/engine/training/training-graph.ts';
import { trainingGraphs } from '../../support/training-graphs.ts';

const LEARNED = { gain: 10, exponent: 0.4947, slope: 500, threshold: 0.0985 };
/** methods.md 2.2: strength, before training, learned. */
const GOLDEN = [
  [0.05, 0, 0],
  [0.09, 0.020079, 0.042733],
  [0.0985, 1.006888, 1.588631],
  [0.1, 1.581139, 2.174123],
  [0.11, 3.294427, 3.345006],
  [0.2, 4.472136, 4.510447],
  [0.5, 7.071068, 7.097092],
  [1, 10, 10],
] as const;

describe('the edge filter', () => {
  it.each(GOLDEN)('gives at %f what the reference gives', (x, initial, learned) => {
    expect(filterEdge(x, INITIAL_FILTER)).toBeCloseTo(initial, 5);
    expect(filterEdge(x, LEARNED)).toBeCloseTo(learned, 5);
  });

  it('has the derivatives that finite differences give, and none where there is no edge', () => {
    const h = 1e-6;
    for (const x of [0.02, 0.09, 0.1, 0.11, 0.3, 1]) {
      const d = filterDerivatives(x, LEARNED);
      const by = (key: 'exponent' | 'threshold'): number =>
        (filterEdge(x, { ...LEARNED, [key]: LEARNED[key] + h }) -
          filterEdge(x, { ...LEARNED, [key]: LEARNED[key] - h })) /
        (2 * h);
      expect(d.exponent).toBeCloseTo(by('exponent'), 4);
      expect(Math.abs(d.threshold - by('threshold'))).toBeLessThan(1e-3 * Math.abs(d.threshold) + 1e-5);
    }
    expect(filterDerivatives(0, LEARNED)).toEqual({ exponent: 0, threshold: 0 });
    expect(filterDerivatives(1e-30, { ...LEARNED, slope: 1e6 })).toEqual({ exponent: -0, threshold: -0 });
  });

  it('is in the graph of an edge network what it is on paper', async () => {
    const { graph } = edgeNetwork(embeddedNetwork('photos'), { pooling: 'mac', detector: 'classical' });
    expect(filterOf(graph)).toMatchObject({ gain: 10, exponent: 0.5, slope: 500 });
    const cut = prune(graph, ['edge/filtered']);
    cut.outputs.splice(0, cut.outputs.length, { name: 'edge/filtered', type: 'float', dims: ['N', 1, 'H', 'W'] });
    const runner = await Runner.create(cut);
    const x = Float32Array.from([0, 0.05, 0.0985, 0.1, 0.11, 0.2, 0.5, 1]);
    const y = (await runner.run({ image: { dims: [1, 1, 2, 4], data: x } }))['edge/filtered']!;
    x.forEach((v, i) => expect(y[i]).toBeCloseTo(filterEdge(v, INITIAL_FILTER), 2));
    expect(y[0]).toBe(0);
    await runner.release();
  });

  it('learns its exponent and threshold along finite differences, through the whole network', async () => {
    for (const pooling of ['mac', 'gem'] as const) {
      const { graph } = edgeNetwork(embeddedNetwork('photos'), {
        pooling,
        detector: 'classical',
        filter: { slope: 20 },
      });
      expect(trainableParameters(graph)).toEqual(expect.arrayContaining([EDGE_EXPONENT, EDGE_THRESHOLD]));
      const t = trainingGraphs(graph);
      const [forward, backward] = [await Runner.create(t.forward), await Runner.create(t.backward)];
      const image = {
        dims: [1, 1, 72, 70],
        data: Float32Array.from({ length: 72 * 70 }, (_, i) => Math.max(0, Math.sin(i * 0.37) * Math.sin(i * 0.011))),
      };
      const seed = { dims: [1, 256], data: Float32Array.from({ length: 256 }, (_, i) => Math.sin(i * 1.3)) };
      const weights = Object.fromEntries(t.parameters.map((p) => [p.name, { dims: p.dims, data: p.data }]));
      const grads = await backward.run({ image, [SEED]: seed, ...weights });
      const value = async (): Promise<number> =>
        (await forward.run({ image, ...weights }))['descriptor']!.reduce((s, v, i) => s + v * seed.data[i]!, 0);
      for (const name of [EDGE_EXPONENT, EDGE_THRESHOLD]) {
        const p = t.parameters.find((q) => q.name === name)!;
        const g = grads[t.gradientOf.get(name)!]![0]!;
        const at = p.data[0]!;
        const h = 2e-3;
        p.data[0] = at + h;
        const above = await value();
        p.data[0] = at - h;
        const below = await value();
        p.data[0] = at;
        const numeric = (above - below) / (2 * h);
        expect(Math.abs(g - numeric), `${pooling} ${name}: ${g}, by differences ${numeric}`).toBeLessThan(
          0.1 * Math.abs(numeric) + 0.01,
        );
      }
      await forward.release();
      await backward.release();
    }
  });

  it('moves as it should: threshold at a tenth of the rate, never below 0.01, neither decays', async () => {
    for (const make of [Adam.create, (p: readonly Parameter[]): Sgd => new Sgd(p)]) {
      const parameters = [EDGE_EXPONENT, EDGE_THRESHOLD].map((name) => ({
        name,
        dims: [1],
        data: Float32Array.of(0.5),
      }));
      const o = await make(parameters);
      o.step([Float32Array.of(1), Float32Array.of(1)], { learningRate: 0.01, weightDecay: 10 });
      const [p, t] = parameters.map((x) => 0.5 - x.data[0]!);
      expect(p).toBeCloseTo(0.01, 5);
      expect(t).toBeCloseTo(0.001, 5);
      for (let i = 0; i < 2000; i += 1)
        o.step([Float32Array.of(0), Float32Array.of(1)], { learningRate: 0.01, weightDecay: 0 });
      expect(parameters[1]!.data[0]).toBeCloseTo(0.01, 7);
    }
  });

  it('refuses what it cannot turn: an edge network, and a network that does not begin with a convolution', () => {
    const { graph, spec } = embeddedNetwork('edges');
    expect(() => edgeNetwork({ graph, spec }, { detector: 'classical' })).toThrow(/edge network already/);
    const photos = embeddedNetwork('photos');
    const scaled = { ...photos.graph, nodes: photos.graph.nodes.map((n) => ({ ...n })) };
    const first = scaled.nodes.findIndex((n) => n.inputs.includes('image'));
    scaled.nodes[first] = { ...scaled.nodes[first]!, inputs: ['halved', ...scaled.nodes[first]!.inputs.slice(1)] };
    scaled.nodes.unshift({ op: 'Tanh', name: 'squash', inputs: ['image'], outputs: ['halved'], attributes: {} });
    expect(() => edgeNetwork({ graph: scaled, spec: photos.spec }, { detector: 'classical' })).toThrow(
      /Tanh \(squash\)/,
    );
  });

  it('sums the colours of the first layer in the units of pixels', () => {
    const photos = embeddedNetwork('photos');
    const { graph } = edgeNetwork(photos, { detector: 'classical' });
    const conv = photos.graph.nodes.find((n) => n.op === 'Conv')!;
    const from = photos.graph.initializers.get(conv.inputs[1]!)!;
    const to = graph.initializers.get(`${conv.inputs[1]!}/summed`)!;
    const { scale, std } = photos.spec.preprocess;
    const area = from.dims[2]! * from.dims[3]!;
    expect(to.dims).toEqual([from.dims[0], 1, from.dims[2], from.dims[3]]);
    for (const [o, k] of [
      [0, 0],
      [3, 4],
      [7, area - 1],
    ] as const) {
      const sum = [0, 1, 2].reduce((s, c) => s + (Number(from.data[(3 * o + c) * area + k]) * scale) / std[c]!, 0);
      expect(Number(to.data[o * area + k])).toBeCloseTo(sum, 7);
    }
  });
});
