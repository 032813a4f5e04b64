import { describe, expect, it } from 'vitest';
import { DiffusionSolver } from '../../../src/main/engine/retrieval/diffusion.ts';
import type { SparseGraph } from '../../../src/main/engine/retrieval/graph.ts';
import type { Eigenpairs } from '../../../src/main/engine/retrieval/spectral.ts';

/** Nodes 2i and 2i + 1 are joined and nothing else: S has the eigenvalues 1 and −1, with (1, ±1)/√2 on every pair. */
function pairsOf(count: number): { s: SparseGraph; eigen: Eigenpairs } {
  const nodes = 2 * count;
  const values = Float64Array.from({ length: nodes }, (_, k) => (k < count ? 1 : -1));
  const vectors = new Float64Array(nodes * nodes);
  for (let k = 0; k < nodes; k += 1) {
    const first = 2 * (k % count);
    vectors[first * nodes + k] = Math.SQRT1_2;
    vectors[(first + 1) * nodes + k] = values[k]! * Math.SQRT1_2;
  }
  const s = {
    nodes,
    starts: Uint32Array.from({ length: nodes + 1 }, (_, i) => i),
    columns: Uint32Array.from({ length: nodes }, (_, i) => (i % 2 === 0 ? i + 1 : i - 1)),
    values: new Float64Array(nodes).fill(1),
  };
  return { s, eigen: { nodes, rank: nodes, values, vectors, residual: 0 } };
}

describe('the memory of a solver', () => {
  it('has room for every size of graph, with as many eigenvectors as it has nodes', async () => {
    const alpha = 0.5;
    // Sizes whose parts end just before and just behind a page of memory are among them.
    for (let count = 1; count <= 260; count += count < 20 ? 1 : 7) {
      const { s, eigen } = pairsOf(count);
      const solver = await DiffusionSolver.create(s);
      const plain = solver.bytes;
      // S once, as 4-byte columns and 8-byte values, and four blocks of eight columns.
      expect(plain).toBeGreaterThanOrEqual(s.nodes * (4 + 4 + 8 + 4 * 64));
      expect(plain).toBeLessThan(s.nodes * (4 + 4 + 8 + 4 * 64) + 1500);
      solver.useEigenpairs(eigen);
      // Single precision, and eight coefficients an eigenvector.
      const more = solver.bytes - plain;
      expect(more).toBeGreaterThanOrEqual(4 * s.nodes ** 2 + 64 * s.nodes);
      expect(more).toBeLessThan(4 * s.nodes ** 2 + 64 * s.nodes + 200);
      const ys = [0, s.nodes - 1].map((i) => ({ ids: [i], values: [3] }));
      // Without one iteration everything is answered in closed form: (1 − α)(I − αS)⁻¹ of a pair is (1, α)/(1 + α).
      solver.hybrid(ys, { alpha, iterations: 0, tolerance: 0 }, (q, f) => {
        const at = ys[q]!.ids[0]!;
        const other = at % 2 === 0 ? at + 1 : at - 1;
        for (let i = 0; i < s.nodes; i += 1)
          if (Math.abs(f[i]! - (i === at ? 2 : i === other ? 1 : 0)) > 1e-6)
            expect.fail(`node ${i} of ${s.nodes}: ${f[i]}`);
      });
    }
  });

  it('takes eigenvectors once, and others beside them', async () => {
    const { s, eigen } = pairsOf(5);
    const solver = await DiffusionSolver.create(s);
    solver.useEigenpairs(eigen);
    const before = solver.bytes;
    solver.useEigenpairs(eigen);
    expect(solver.bytes).toBe(before);
    solver.useEigenpairs({ ...eigen });
    expect(solver.bytes).toBeGreaterThan(before);
  });
});
