import { describe, expect, it } from 'vitest';
import { POOLINGS, type Pooling } from '../../../src/shared/domain.ts';
import { addHead, DESCRIPTOR, IMAGE } from '../../../src/main/engine/network/head.ts';
import { addLinearLayer } from '../../../src/main/engine/network/linear-head.ts';
import { LINEAR_SCALES, multiScale, SCALES } from '../../../src/main/engine/network/multi-scale.ts';
import { encodeOnnx, parseOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { floatTensor, GraphBuilder, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import { gem, l2Normalise } from '../../../src/main/engine/network/pooling.ts';
import { GEM_P } from '../../../src/main/engine/network/pooling-heads.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { regionGrid } from '../../../src/main/engine/network/region-grid.ts';
import { poolRegions } from '../../../src/main/engine/retrieval/regions.ts';
import { learnPca, learnWhitening, whiten, whiteningLayer } from '../../../src/main/engine/retrieval/whitening.ts';
import { differentiate } from '../../../src/main/engine/training/differentiate.ts';
import { random } from '../../../src/main/engine/library/random.ts';

const CHANNELS = 5;

/** The map itself is pooled: an image of five channels goes through a rectifier. */
function headed(pooling: Pooling, p?: number): Graph {
  const graph: Graph = {
    name: 'g',
    inputs: [{ name: IMAGE, type: 'float', dims: ['N', CHANNELS, 'H', 'W'] }],
    outputs: [{ name: 'map', type: 'float', dims: ['N', CHANNELS, 'H', 'W'] }],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  };
  new GraphBuilder(graph, 'b').op('Relu', [IMAGE], {}, 'map');
  return addHead(graph, 'map', { pooling, p }).graph;
}

function image(height: number, width: number, seed = 1, n = 1): { dims: number[]; data: Float32Array } {
  const r = random(seed);
  return {
    dims: [n, CHANNELS, height, width],
    data: Float32Array.from({ length: n * CHANNELS * height * width }, () => r.next() * 1.2 - 0.2),
  };
}

async function run(graph: Graph, x: { dims: readonly number[]; data: Float32Array }): Promise<Float32Array> {
  const runner = await Runner.create(graph);
  try {
    return (await runner.run({ [IMAGE]: x }))[DESCRIPTOR]!;
  } finally {
    await runner.release();
  }
}

/** Pools in plain arithmetic. */
function expected(
  pooling: Pooling,
  { dims, data }: { dims: readonly number[]; data: Float32Array },
  p: number,
): Float32Array {
  const [, channels, height, width] = dims as [number, number, number, number];
  const map = data.map((v) => Math.max(0, v));
  const plane = (k: number): Float32Array => map.subarray(k * height * width, (k + 1) * height * width);
  if (pooling === 'rmac' || pooling === 'rgem') {
    const grid = regionGrid(width, height);
    const regions = poolRegions({ data: map, channels, height, width }, grid, pooling === 'rmac' ? 'mac' : p);
    const sum = new Float32Array(channels);
    for (let i = 0; i < regions.length; i += 1) sum[i % channels]! += regions[i]!;
    return l2Normalise(sum);
  }
  const exponent = pooling === 'mac' ? 200 : pooling === 'spoc' ? 1 : p;
  return l2Normalise(
    Float32Array.from({ length: channels }, (_, k) =>
      pooling === 'mac' ? Math.max(...plane(k)) : gem(plane(k), exponent),
    ),
  );
}

const SIZES: [number, number][] = [
  [12, 12],
  [24, 32],
  [20, 40],
  [32, 8],
  [7, 5],
  [3, 2],
];

describe.each(POOLINGS)('pooling by %s', (pooling) => {
  it('is what its definition says on maps of many shapes, through a file', async () => {
    const graph = normalise(parseOnnx(encodeOnnx(headed(pooling, 2.5)), 'pooling'), 'pooling');
    for (const [h, w] of SIZES) {
      const x = image(h, w, h);
      const got = await run(graph, x);
      expected(pooling, x, 2.5).forEach((v, k) => expect(got[k], `${h}x${w}`).toBeCloseTo(v, 5));
    }
  });

  it('has the gradients that differences show, to the map and to its exponents', async () => {
    const graph = headed(pooling, 2.5);
    // The image counts as a parameter, so that the gradient to the map is seen.
    const names = [IMAGE, ...(graph.initializers.has(GEM_P) ? [GEM_P] : [])];
    const seeded: Graph = {
      ...graph,
      inputs: [...graph.inputs, { name: 'seed', type: 'float', dims: ['N', CHANNELS] }],
    };
    const { graph: backward, gradients } = differentiate(seeded, DESCRIPTOR, 'seed', names);
    backward.outputs.splice(
      0,
      backward.outputs.length,
      ...names.map((n) => ({ name: gradients.get(n)!, type: 'float' as const, dims: [] })),
    );
    const x = image(6, 9, 3);
    // Strictly positive, so that no difference is taken across the rectifier's kink.
    x.data.forEach((v, i) => (x.data[i] = Math.abs(v) + 0.05));
    const seed = Float32Array.from({ length: CHANNELS }, (_, k) => Math.cos(k + 1));
    const runner = await Runner.create(backward);
    const got = await runner.run({ [IMAGE]: x, seed: { dims: [1, CHANNELS], data: seed } });
    await runner.release();
    const forward = async (d: Float32Array, g = graph): Promise<number> =>
      (await run(g, { ...x, data: d })).reduce((sum, v, k) => sum + v * seed[k]!, 0);
    const step = 2e-3;
    for (let i = 0; i < x.data.length; i += 11) {
      const at = (by: number): Float32Array => x.data.map((v, k) => (k === i ? v + by : v));
      const slope = ((await forward(at(step))) - (await forward(at(-step)))) / (2 * step);
      expect(got[gradients.get(IMAGE)!]![i]).toBeCloseTo(slope, 2.5);
    }
    if (!graph.initializers.has(GEM_P)) return;
    const p = graph.initializers.get(GEM_P)!;
    const moved = (by: number): Graph => ({
      ...graph,
      initializers: new Map(graph.initializers).set(
        GEM_P,
        floatTensor(
          p.dims,
          (p.data as Float32Array).map((v, k) => (k === 0 ? v + by : v)),
        ),
      ),
    });
    const slope = ((await forward(x.data, moved(1e-2))) - (await forward(x.data, moved(-1e-2)))) / 2e-2;
    expect(got[gradients.get(GEM_P)!]![0]).toBeCloseTo(slope, 3);
  });
});

describe("R-MAC's grid", () => {
  it('has as many regions as the reference', () => {
    const counts = [
      [12, 12],
      [24, 32],
      [32, 48],
      [20, 40],
      [8, 32],
    ].map(([h, w]) => regionGrid(w!, h!).length);
    expect(counts).toEqual([15, 21, 21, 27, 45]);
    const level2 = regionGrid(32, 24).filter((r) => r.width === 16 && r.height === 16);
    expect(level2.map((r) => [r.y, r.x])).toEqual([
      [0, 0],
      [0, 8],
      [0, 16],
      [8, 0],
      [8, 8],
      [8, 16],
    ]);
  });
});

describe('several scales as one graph', () => {
  /** Bilinear without antialiasing, half-pixel centres, as the reference resizes tensors. */
  function resized(x: { dims: number[]; data: Float32Array }, scale: number): { dims: number[]; data: Float32Array } {
    const [n, c, h, w] = x.dims as [number, number, number, number];
    const H = Math.floor(h * scale);
    const W = Math.floor(w * scale);
    const data = new Float32Array(n * c * H * W);
    const at = (o: number, size: number): [number, number, number] => {
      const f = Math.min(size - 1, Math.max(0, (o + 0.5) / scale - 0.5));
      const a = Math.floor(f);
      return [a, Math.min(size - 1, a + 1), f - a];
    };
    for (let k = 0; k < n * c; k += 1)
      for (let y = 0; y < H; y += 1)
        for (let z = 0; z < W; z += 1) {
          const [y0, y1, fy] = at(y, h);
          const [x0, x1, fx] = at(z, w);
          const v = (r: number, q: number): number => x.data[k * h * w + r * w + q]!;
          data[(k * H + y) * W + z] =
            (v(y0, x0) * (1 - fx) + v(y0, x1) * fx) * (1 - fy) + (v(y1, x0) * (1 - fx) + v(y1, x1) * fx) * fy;
        }
    return { dims: [n, c, H, W], data };
  }

  it.each([
    ['gem', SCALES, 2.5],
    ['mac', SCALES, 1],
    ['rgem', SCALES, 1],
  ] as const)('combines %s at the exponent it has learned', async (pooling, scales, m) => {
    const single = headed(pooling, 2.5);
    const x = image(17, 22, 5);
    const got = await run(multiScale(single, scales), x);
    const vectors = await Promise.all(scales.map((s) => run(single, s === 1 ? x : resized(x, s))));
    const want = l2Normalise(
      Float32Array.from(
        { length: CHANNELS },
        (_, k) => (vectors.reduce((sum, v) => sum + v[k]! ** m, 0) / scales.length) ** (1 / m),
      ),
    );
    want.forEach((v, k) => expect(got[k]).toBeCloseTo(v, 5));
  });

  it('sums behind a linear layer, whose scales are others', async () => {
    const layer = {
      from: CHANNELS,
      to: 3,
      weight: Float32Array.from({ length: 15 }, (_, i) => Math.sin(i)),
      bias: Float32Array.of(0.1, 0, -0.1),
    };
    const single = addLinearLayer(headed('gem'), 'whitening', layer);
    const x = image(10, 13, 6);
    const got = await run(multiScale(single, LINEAR_SCALES), x);
    const vectors = await Promise.all(LINEAR_SCALES.map((s) => run(single, s === 1 ? x : resized(x, s))));
    const want = l2Normalise(
      Float32Array.from({ length: 3 }, (_, k) => vectors.reduce((sum, v) => sum + v[k]!, 0) / 3),
    );
    want.forEach((v, k) => expect(got[k]).toBeCloseTo(v, 5));
  });
});

describe('whitening as a layer', () => {
  const rows = 40;
  const r = random(9);
  const data = new Float32Array(rows * CHANNELS);
  for (let i = 0; i < rows; i += 1) {
    data.set(l2Normalise(Float32Array.from({ length: CHANNELS }, (_, k) => r.next() * (k + 1))), i * CHANNELS);
  }
  const x = { data, rows, dim: CHANNELS };
  const evens = Array.from({ length: rows / 2 }, (_, i) => 2 * i);

  it.each([5, 3])('gives the same as the step does, %i dimensions kept', async (keep) => {
    const w = learnWhitening(
      x,
      evens,
      evens.map((i) => i + 1),
    );
    const pooled = await run(headed('spoc'), image(4, 4, 2));
    const got = await run(addLinearLayer(headed('spoc'), 'whitening', whiteningLayer(w, keep)), image(4, 4, 2));
    const want = whiten({ data: pooled, rows: 1, dim: CHANNELS }, w, keep).data;
    expect(got).toHaveLength(keep);
    want.forEach((v, k) => expect(got[k]).toBeCloseTo(v, 4));
  });

  it('PCA leaves no correlation, decreasing variance with power 0, and says when it was shrunk', () => {
    const project = (power: number): number[][] => {
      const w = learnPca(x, power);
      expect(w.shrinkage).toBe(0);
      return Array.from({ length: rows }, (_, i) =>
        Array.from({ length: CHANNELS }, (__, a) =>
          Array.from(
            { length: CHANNELS },
            (___, k) => w.projection[a * CHANNELS + k]! * (data[i * CHANNELS + k]! - w.mean[k]!),
          ).reduce((s, v) => s + v, 0),
        ),
      );
    };
    const covariance = (y: number[][], a: number, b: number): number =>
      y.reduce((s, v) => s + v[a]! * v[b]!, 0) / (2 * rows);
    const white = project(0.5);
    const turned = project(0);
    for (let a = 0; a < CHANNELS; a += 1)
      for (let b = 0; b < CHANNELS; b += 1) {
        expect(covariance(white, a, b)).toBeCloseTo(a === b ? 1 : 0, 6);
        if (a !== b) expect(covariance(turned, a, b)).toBeCloseTo(0, 6);
      }
    for (let a = 1; a < CHANNELS; a += 1)
      expect(covariance(turned, a, a)).toBeLessThan(covariance(turned, a - 1, a - 1));
    expect(learnPca({ data: data.subarray(0, 4 * CHANNELS), rows: 4, dim: CHANNELS }).shrinkage).toBeGreaterThan(0);
  });
});
