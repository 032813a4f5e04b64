import { describe, expect, it } from 'vitest';
import { neighbourCount } from '../../../src/main/engine/retrieval/graph.ts';
import { rankingParameters } from '../../../src/main/engine/retrieval/methods/parameters.ts';

describe('neighbours in a graph of few photos', () => {
  it('are 3 % of the photos, at least 5 and at most what the method takes', () => {
    expect([10, 166, 184, 300, 1650, 1683, 9000].map((rows) => neighbourCount(rows, 50))).toEqual([
      5, 5, 6, 9, 50, 50, 50,
    ]);
    expect(neighbourCount(1000, 50)).toBe(30);
  });

  it('carry a query by no more than there are of a photo', () => {
    for (const rows of [40, 250, 300, 5000]) {
      const p = rankingParameters('cg', {}, { rows });
      const usual = rankingParameters('cg');
      expect(p.k).toBe(neighbourCount(rows, usual.k));
      expect(p.kq).toBe(Math.min(usual.kq, p.k));
    }
    expect(rankingParameters('cg', {}, { rows: 40 })).toMatchObject({ k: 5, kq: 5 });
    expect(rankingParameters('cg', {}, { rows: 5000 })).toMatchObject({ k: 50, kq: 10 });
  });
});
