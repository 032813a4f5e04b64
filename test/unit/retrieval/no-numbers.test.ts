import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { lastFeatureMap } from '../../../src/main/engine/network/head.ts';
import { floatTensor, ints, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { inferShapes } from '../../../src/main/engine/network/onnx/shapes.ts';
import { l2Normalise } from '../../../src/main/engine/network/pooling.ts';
import { contributions } from '../../../src/main/engine/retrieval/feature-maps.ts';
import { mutualGraph, normaliseGraph } from '../../../src/main/engine/retrieval/graph.ts';
import { exactNeighbours } from '../../../src/main/engine/retrieval/neighbours.ts';
import type { Matrix } from '../../../src/main/engine/retrieval/rank.ts';
import { leadingEigenpairs } from '../../../src/main/engine/retrieval/spectral.ts';
import { learnPca, learnWhitening, whiten, whiteningLayer } from '../../../src/main/engine/retrieval/whitening.ts';

function vectors(rows: number, dim: number, seed: number, dead: readonly number[] = []): Matrix {
  const r = random(seed);
  const data = new Float32Array(rows * dim);
  for (let i = 0; i < rows; i += 1) {
    for (let d = 0; d < dim; d += 1) data[i * dim + d] = dead.includes(d) ? 0 : r.next();
    l2Normalise(data.subarray(i * dim, (i + 1) * dim));
  }
  return { data, rows, dim };
}

describe('whitening', () => {
  it.each([Number.NaN, Infinity, -Infinity])('is refused of descriptors with %d, and says which', (bad) => {
    const x = vectors(20, 4, 1);
    x.data[4 * 13 + 2] = bad;
    for (const learn of [() => learnPca(x), () => learnWhitening(x, [0, 1, 2], [3, 4, 5])])
      expect(learn).toThrow(
        expect.objectContaining({
          code: 'INPUT_INVALID',
          message: expect.stringMatching(/descriptor 13 .* no finite/),
        }),
      );
  });

  it('is finite where channels never answer, with few descriptors and with many', () => {
    for (const rows of [7, 60]) {
      const x = vectors(rows, 6, 2, [1, 4]);
      for (const power of [0.5, 0.25, 0]) {
        const w = learnPca(x, power);
        const layer = whiteningLayer(w);
        expect([...layer.weight, ...layer.bias].every(Number.isFinite)).toBe(true);
        expect(Array.from(whiten(x, w).data).every(Number.isFinite)).toBe(true);
      }
    }
    // Of what varies the variances are one, as without the silent channels.
    const x = vectors(400, 6, 3, [1, 4]);
    const w = learnPca(x);
    const y = Array.from({ length: 400 }, (_, i) =>
      [0, 1, 2].map((r) =>
        Array.from({ length: 6 }, (_, k) => w.projection[6 * r + k]! * (x.data[6 * i + k]! - w.mean[k]!)).reduce(
          (a, b) => a + b,
          0,
        ),
      ),
    );
    for (const r of [0, 1, 2]) expect(y.reduce((s, v) => s + v[r]! ** 2, 0) / 800).toBeCloseTo(1, 6);
  });

  it('is refused where all descriptors are equal', () => {
    const x = { data: new Float32Array(30).fill(Math.fround(1 / Math.sqrt(3))), rows: 10, dim: 3 };
    expect(() => learnPca(x)).toThrow(expect.objectContaining({ code: 'STATE_EMPTY' }));
  });
});

describe('what each place adds', () => {
  const map = (height: number, width: number, values: readonly number[]) => ({
    channels: 2,
    height,
    width,
    data: Float32Array.from(values),
  });
  it('is that of the largest values for MAC, shared by equal ones, and sums to the similarity', () => {
    const a = map(1, 3, [1, 4, 4, 3, 0, 1]);
    const b = map(2, 1, [5, 0, 0, 2]);
    const got = contributions(a, b, 'mac');
    const [na, nb] = [Math.hypot(4, 3), Math.hypot(5, 2)];
    const [first, second] = [(4 * 5) / (na * nb), (3 * 2) / (na * nb)];
    [second, first / 2, first / 2].forEach((v, i) => expect(got.a[i]).toBeCloseTo(v, 5));
    [first, second].forEach((v, i) => expect(got.b[i]).toBeCloseTo(v, 5));
    expect(got.similarity).toBeCloseTo(first + second, 5);
  });

  it('is nothing, not no number, where a channel is silent', () => {
    const got = contributions(map(1, 2, [0, 0, 1, 2]), map(1, 1, [0, 1]), 'spoc');
    expect([...got.a, ...got.b, got.similarity].every(Number.isFinite)).toBe(true);
    expect(got.similarity).toBeCloseTo(1, 5);
  });

  it('knows an exponent for every channel', () => {
    const a = map(1, 2, [1, 2, 3, 1]);
    const b = map(1, 2, [2, 2, 1, 4]);
    const f = (v: number[], p: number): number => (v.reduce((s, x) => s + x ** p, 0) / v.length) ** (1 / p);
    const x = [f([1, 2], 2), f([3, 1], 5)];
    const y = [f([2, 2], 2), f([1, 4], 5)];
    const expected = (x[0]! * y[0]! + x[1]! * y[1]!) / (Math.hypot(...x) * Math.hypot(...y));
    const got = contributions(a, b, [2, 5]);
    expect(got.similarity).toBeCloseTo(expected, 5);
    expect(got.a.reduce((s, v) => s + v, 0)).toBeCloseTo(expected, 5);
  });
});

describe('eigenpairs of a small graph', () => {
  it('come with the residual that they have', async () => {
    const x = vectors(60, 5, 4);
    const s = normaliseGraph(mutualGraph(await exactNeighbours(x, x, 8), 3));
    const e = await leadingEigenpairs(s, 12);
    let largest = 0;
    for (let k = 0; k < e.rank; k += 1) {
      let square = 0;
      for (let i = 0; i < s.nodes; i += 1) {
        let product = 0;
        for (let at = s.starts[i]!; at < s.starts[i + 1]!; at += 1)
          product += s.values[at]! * e.vectors[s.columns[at]! * e.rank + k]!;
        square += (product - e.values[k]! * e.vectors[i * e.rank + k]!) ** 2;
      }
      largest = Math.max(largest, Math.sqrt(square));
    }
    // Pairs that are computed and not kept count, too.
    expect(e.residual).toBeGreaterThanOrEqual(largest);
    expect(e.residual).toBeLessThan(1e-12);
    expect(e.residual).not.toBe(1e-13);
  });
});

describe('dropout', () => {
  it('before the pooling of a network has a shape, and the map before it is found', () => {
    const graph: Graph = {
      name: 'g',
      inputs: [{ name: 'x', type: 'float', dims: ['N', 3, 'H', 'W'] }],
      outputs: [{ name: 'y', type: 'float', dims: ['N', 4] }],
      nodes: [
        { op: 'Conv', name: 'c', inputs: ['x', 'w'], outputs: ['map'], attributes: { kernel_shape: ints([1, 1]) } },
        { op: 'Dropout', name: 'd', inputs: ['map'], outputs: ['dropped'], attributes: {} },
        { op: 'GlobalAveragePool', name: 'p', inputs: ['dropped'], outputs: ['pooled'], attributes: {} },
        { op: 'Flatten', name: 'f', inputs: ['pooled'], outputs: ['y'], attributes: {} },
      ],
      initializers: new Map([['w', floatTensor([4, 3, 1, 1], new Float32Array(12).fill(1))]]),
      metadata: new Map(),
    };
    expect(inferShapes(graph).get('dropped')?.slice(0, 2)).toEqual(['N', 4]);
    expect(lastFeatureMap(graph)).toBe('map');
  });
});
