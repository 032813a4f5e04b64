import { expect, it, vi } from 'vitest';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { GraphCache } from '../../../src/main/engine/retrieval/graph-cache.ts';
import { rankingParameters } from '../../../src/main/engine/retrieval/methods/parameters.ts';
import { Ranker } from '../../../src/main/engine/retrieval/ranker.ts';
import { filterDegree } from '../../../src/main/engine/retrieval/spectral.ts';

it('a method without an offline part has no graph, no eigenvectors and no estimate of what it misses', async () => {
  const vectors = { data: Float32Array.of(1, 0, 0, 1, 0.6, 0.8), rows: 3, dim: 2 };
  const ranker = await Ranker.prepare({ vectors, images: 3 }, rankingParameters('cosine', {}), silentContext());
  const { nodes, edges, bytes, eigenResidual, recall } = ranker.facts;
  expect([nodes, edges, bytes, eigenResidual, recall]).toEqual([3, 0, 24, null, null]);
  await ranker.close();
});

it('hybrid has eigenvectors from the first on, and says how exact they are', async () => {
  const data = Float32Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? Math.cos(i / 20) : Math.sin((i - 1) / 20)));
  for (const rank of [0, 1, 2]) {
    const database = { vectors: { data, rows: 12, dim: 2 }, images: 12 };
    const ranker = await Ranker.prepare(database, { ...rankingParameters('hybrid', {}), k: 4, rank });
    if (rank === 0) expect(ranker.facts.eigenResidual).toBeNull();
    else expect(ranker.facts.eigenResidual).toBeLessThan(1e-7);
    await ranker.close();
  }
});

it('eigenvectors that rank are found to a thousandth, those that solve to a ten-millionth', async () => {
  const asked = vi.spyOn(GraphCache.prototype, 'eigenpairs');
  const data = Float32Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? Math.cos(i / 20) : Math.sin((i - 1) / 20)));
  for (const method of ['fsr', 'hybrid'] as const) {
    const database = { vectors: { data, rows: 12, dim: 2 }, images: 12 };
    const ranker = await Ranker.prepare(database, { ...rankingParameters(method, {}), k: 4, gamma: 2, rank: 3 });
    await ranker.close();
  }
  expect(asked.mock.calls.map((c) => c.slice(0, 4))).toEqual([
    [4, 2, 3, 1e-3],
    [4, 2, 3, 1e-7],
  ]);
  asked.mockRestore();
});

it('the filter of eigenvectors gains ten millionfold, with at least 2 and at most 40 products', () => {
  expect([0, 0.5, 0.9, 0.99, 0.999].map(filterDegree)).toEqual([9, 14, 35, 40, 40]);
  expect(filterDegree(-0.5)).toBe(6);
  for (const cut of [-0.5, 0, 0.5, 0.9]) {
    // Chebyshev's polynomial of that degree, at 1 on the scale where the unwanted part lies between -1 and 1.
    const gain = (degree: number): number => Math.cosh(degree * Math.acosh((3 - cut) / (1 + cut)));
    expect(2 * gain(filterDegree(cut))).toBeLessThan(1e7 * 1.01);
    expect(2 * gain(filterDegree(cut) + 1)).toBeGreaterThan(1e7);
  }
});
