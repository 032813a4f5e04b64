import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CandidateReader, DEFAULT_MINING } from '../../../src/main/engine/mining/candidates.ts';
import { decide } from '../../../src/main/engine/mining/decisions.ts';
import { mineTuples } from '../../../src/main/engine/mining/mine.ts';
import { percentile, tupleSuspicion } from '../../../src/main/engine/mining/suspicion.ts';
import { loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
import { STRATEGY_BITS, type MiningParameters } from '../../../src/shared/domain.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary, SYNTHETIC_PIXELS } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
const { library, network } = syntheticLibrary(join(folder, 'library'), {
  photos: 36,
  clusters: 4,
  dim: 5,
  pairsPerPhoto: 6,
  distractors: 4,
  seed: 2,
});
afterAll(() => library.close());
const set = loadDescriptors(library, network, SYNTHETIC_PIXELS);
const photos = new Set(set.ids);
const rowOf = new Map(Array.from(set.ids, (id, i) => [id, i]));
const cosine = (a: number, b: number): number => {
  let s = 0;
  for (let d = 0; d < 5; d += 1) s += set.data[5 * rowOf.get(a)! + d]! * set.data[5 * rowOf.get(b)! + d]!;
  return s;
};
const base: MiningParameters = {
  ...DEFAULT_MINING,
  minShared: 40,
  minOverlap: 0.1,
  maxScale: 2,
  cameraPool: 4,
  count: 3,
  queries: 10_000,
};

describe('a run that asks for more tuples than there are', () => {
  it('has every pair of m3 once, and of m1 and m2 one a query', async () => {
    const reader = new CandidateReader(library, base, () => true);
    const all = [...photos].flatMap((q) => reader.of(q).relaxed.map((c) => `${q} ${c.other}`));
    const drawn = (await mineTuples(library, set, photos, base, 1)).tuples.map(
      (t) => `${t.pair.query} ${t.pair.other}`,
    );
    expect(all.length).toBeGreaterThan(40);
    expect(drawn.toSorted()).toEqual(all.toSorted());
    for (const positives of ['m1', 'm2'] as const) {
      const { tuples, queries } = await mineTuples(library, set, photos, { ...base, positives }, 1);
      const asking = [...photos].filter((q) => reader.of(q).near.length > 0);
      expect(tuples.map((t) => t.pair.query).toSorted((a, b) => a - b)).toEqual(asking.toSorted((a, b) => a - b));
      expect(queries).toBe(asking.length);
    }
  });

  it('has so many queries of a cluster as its share allows, at least one', async () => {
    const perCluster = async (more: Partial<MiningParameters>): Promise<number[]> => {
      const { tuples } = await mineTuples(library, set, photos, { ...base, positives: 'm2', ...more }, 3);
      const counts = new Map<number, number>();
      for (const t of tuples) counts.set(t.pair.cluster, (counts.get(t.pair.cluster) ?? 0) + 1);
      return [...counts.values()];
    };
    // Nine photos a cluster.
    expect(await perCluster({ queryFraction: 0.5 })).toEqual([5, 5, 5, 5]);
    expect(await perCluster({ queryFraction: 0.01 })).toEqual([1, 1, 1, 1]);
    expect(await perCluster({ queriesPerCluster: 2 })).toEqual([2, 2, 2, 2]);
    expect(await perCluster({ queriesPerCluster: 3, queryFraction: 0.25 })).toEqual([2, 2, 2, 2]);
  });

  it('has as many negatives as there are foreign places, and says when that is fewer', async () => {
    const mined = await mineTuples(library, set, photos, { ...base, count: 9, queries: 5 }, 1);
    expect(mined.warnings).toEqual(['Only 4 foreign places: 4 instead of 9 negatives a tuple']);
    expect(mined.tuples.every((t) => t.negatives.length === 4)).toBe(true);
    expect((await mineTuples(library, set, photos, { ...base, count: 4, queries: 5 }, 1)).warnings).toEqual([]);
    expect(
      (await mineTuples(library, set, photos, { ...base, negatives: 'hardest', count: 9, queries: 5 }, 1)).warnings,
    ).toEqual([]);
    const own = new Set([...photos].filter((p) => p <= 9));
    await expect(mineTuples(library, set, own, base, 1)).rejects.toMatchObject({ code: 'STATE_EMPTY' });
    const two = new Set([...photos].filter((p) => p <= 18));
    expect((await mineTuples(library, set, two, { ...base, queries: 3 }, 1)).warnings).toEqual([
      'Only 1 foreign place: 1 instead of 3 negatives a tuple',
    ]);
  });
});

describe('what stands beside a tuple', () => {
  it('is who else would take the positive, what others would take, and how suspicious it is', async () => {
    for (const links of [false, true]) {
      const mined = await mineTuples(library, set, photos, { ...base, negatives: 'hardest', queries: 60 }, 4, {
        links,
      });
      const reader = new CandidateReader(library, base, () => true);
      const place = percentile(
        [...new Map(mined.tuples.map((t) => [t.pair.query, t.negatives])).values()].flat().map((n) => n.similarity),
      );
      let distance = 0;
      let count = 0;
      // Nearest neighbours of a photo, itself left out: three in a hundred of them all, at least five.
      const near = (a: number): number[] =>
        [...photos]
          .filter((p) => p !== a)
          .sort((x, y) => cosine(a, y) - cosine(a, x))
          .slice(0, 5);
      for (const t of mined.tuples) {
        const { query, other } = t.pair;
        const candidates = reader.of(query);
        const m1 = candidates.near.reduce(
          (a, b) => (cosine(query, b.other) > cosine(query, a.other) ? b : a),
          candidates.near[0]!,
        );
        const m2 = candidates.near.reduce((a, b) => (b.shared > a.shared ? b : a), candidates.near[0]!);
        const bits = (photo: number): number =>
          (m1?.other === photo ? STRATEGY_BITS.m1 : 0) +
          (m2?.other === photo ? STRATEGY_BITS.m2 : 0) +
          (candidates.relaxed.some((c) => c.other === photo) ? STRATEGY_BITS.m3 : 0);
        expect(t.strategies).toBe(bits(other));
        const others = [...new Set([m1, m2].filter((c) => c !== undefined && c.other !== other).map((c) => c.other))];
        expect(t.alternatives.map((a) => a.photo)).toEqual(others);
        expect(t.disagreement).toBe(others.length);
        for (const a of t.alternatives) {
          const pair = candidates.near.find((c) => c.other === a.photo)!;
          expect(a).toMatchObject({
            strategies: bits(a.photo),
            shared: pair.shared,
            overlap: pair.overlap,
            scale: pair.scale,
            weight: null,
          });
          expect(a.similarity).toBeCloseTo(cosine(query, a.photo), 6);
        }
        expect(t.positiveSimilarity).toBeCloseTo(cosine(query, other), 6);
        for (const n of t.negatives) {
          distance += Math.sqrt(Math.max(0, 2 - 2 * n.similarity));
          count += 1;
          expect(n.shared).toBe(0);
          if (links) {
            const [a, b] = [near(query), near(n.photo)];
            expect(n.links).toBeCloseTo(a.filter((p) => b.includes(p)).length / 5, 9);
            expect(n.mutual).toBe(a.includes(n.photo) && b.includes(query));
          } else expect([n.links, n.mutual]).toEqual([null, false]);
        }
        expect(t.suspicion).toBeCloseTo(
          tupleSuspicion(
            { similarity: t.positiveSimilarity, overlap: t.pair.overlap, contradicted: false },
            t.negatives,
            place,
          ),
          9,
        );
      }
      expect(mined.meanNegativeDistance).toBeCloseTo(distance / count, 9);
    }
  });

  it('holds what a person chose: that positive first, then what m3 draws', async () => {
    const reader = new CandidateReader(library, base, () => true);
    const query = [...photos].find((q) => reader.of(q).relaxed.length > 2)!;
    const [first, , third] = reader.of(query).relaxed.map((c) => c.other);
    decide(library, 'x', [{ query, other: first!, aspect: 'positive', verdict: 'swap', replacement: third! }]);
    for (const seed of [1, 2, 3]) {
      const { tuples } = await mineTuples(library, set, photos, base, seed);
      const own = tuples.filter((t) => t.pair.query === query).map((t) => t.pair.other);
      expect(own[0]).toBe(third);
      expect(own).not.toContain(first);
      expect(new Set(own).size).toBe(own.length);
    }
  });
});
