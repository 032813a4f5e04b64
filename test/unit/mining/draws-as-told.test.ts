import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { MiningParameters } from '../../../src/shared/domain.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { CandidateReader, DEFAULT_MINING } from '../../../src/main/engine/mining/candidates.ts';
import { decide, judgements } from '../../../src/main/engine/mining/decisions.ts';
import { mineTuples } from '../../../src/main/engine/mining/mine.ts';
import { NegativeSearch } from '../../../src/main/engine/mining/negative-search.ts';
import { randomNegatives } from '../../../src/main/engine/mining/negatives.ts';
import { closestDescriptor, mostShared, nearestCameras } from '../../../src/main/engine/mining/positives.ts';
import { separation } from '../../../src/main/engine/mining/separation.ts';
import { splitPlaces } from '../../../src/main/engine/mining/split.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary, SYNTHETIC_PIXELS } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
const { library, network } = syntheticLibrary(join(folder, 'library'), {
  photos: 33,
  clusters: 4,
  dim: 5,
  pairsPerPhoto: 5,
  distractors: 3,
  seed: 8,
});
afterAll(() => library.close());
const set = loadDescriptors(library, network, SYNTHETIC_PIXELS);
const placeOf = new Map(library.db.prepare('SELECT id, place FROM photo').raw().all() as [number, number][]);
const base: MiningParameters = {
  ...DEFAULT_MINING,
  minShared: 40,
  minOverlap: 0.1,
  maxScale: 2,
  cameraPool: 4,
  count: 3,
};

const vectorOf = new Map(Array.from(set.ids, (id, i) => [id, set.data.subarray(5 * i, 5 * i + 5)]));
function cosine(a: number, b: number): number {
  const [x, y] = [vectorOf.get(a)!, vectorOf.get(b)!];
  return x.reduce((s, v, k) => s + v * y[k]!, 0);
}

interface Drawn {
  readonly pairs: string[];
  readonly negatives: Map<number, number[]>;
}

/** A run as methods.md 1.2 and 1.3 have it, draw by draw: the pool, queries in rounds, positives, then negatives. */
function literal(photos: ReadonlySet<number>, p: MiningParameters, seed: number): Drawn {
  const r = random(seed);
  const usable = [...set.ids].filter((id) => photos.has(id));
  const pool = r
    .shuffled(usable)
    .slice(0, p.pool)
    .toSorted((a, b) => a - b);
  const places = new Set(pool.map((id) => placeOf.get(id)!));
  const count = p.negatives === 'one-per-cluster' ? Math.min(p.count, places.size - 1) : p.count;
  const reader = new CandidateReader(library, p, (id) => photos.has(id));
  const decided = judgements(library);
  const sizes = new Map<number, number>();
  for (const [cluster] of library.db.prepare('SELECT cluster_id FROM view WHERE photo_id IS NOT NULL').raw().all() as [
    number,
  ][])
    sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
  const pairs: { query: number; other: number; cluster: number }[] = [];
  let asking = usable.toSorted((a, b) => a - b);
  while (pairs.length < p.queries && asking.length > 0) {
    const next: number[] = [];
    for (const query of r.shuffled(asking)) {
      if (pairs.length === p.queries) break;
      const of = reader.of(query);
      if (of.pairs.length === 0) continue;
      const had = pairs.filter((x) => x.query === query).map((x) => x.other);
      const open = (list: typeof of.near): typeof of.near =>
        list.filter((c) => decided.mayMatch(query, c.other) && !had.includes(c.other));
      let pair = had.length === 0 ? of.pairs.find((c) => c.other === decided.chosen.get(query)) : undefined;
      if (pair === undefined && p.positives === 'm3') {
        const relaxed = open(of.relaxed);
        if (relaxed.length > 0) pair = relaxed[r.below(relaxed.length)];
      } else if (pair === undefined && had.length === 0)
        pair =
          p.positives === 'm2' ? mostShared(open(of.near)) : closestDescriptor(open(of.near), (o) => cosine(query, o));
      if (pair === undefined) continue;
      if (had.length === 0) {
        const asked = new Set(pairs.filter((x) => x.cluster === pair.cluster).map((x) => x.query)).size;
        const share =
          p.queryFraction < 1 ? Math.max(1, Math.round(p.queryFraction * sizes.get(pair.cluster)!)) : Infinity;
        if (asked >= Math.min(share, p.queriesPerCluster > 0 ? p.queriesPerCluster : Infinity)) continue;
      }
      pairs.push(pair);
      if (p.positives === 'm3') next.push(query);
    }
    asking = next;
  }
  const apart = separation(library, decided);
  const negatives = new Map<number, number[]>();
  for (const query of new Set(pairs.map((x) => x.query))) {
    const allowed = (id: number): boolean => apart.foreign(query, id);
    if (p.negatives === 'random') {
      const drawn = randomNegatives(
        pool.length,
        (i) => cosine(query, pool[i]!),
        { allowed: (i) => allowed(pool[i]!), groupOf: (i) => apart.groupOf(pool[i]!) },
        count,
        r,
      );
      negatives.set(
        query,
        drawn.map((n) => pool[n.row]!),
      );
      continue;
    }
    const taken = new Set<number>();
    const ranked = pool.toSorted((a, b) => cosine(query, b) - cosine(query, a)).filter(allowed);
    const kept = ranked.filter((id) => {
      const fresh = p.negatives === 'hardest' || !taken.has(apart.groupOf(id));
      taken.add(apart.groupOf(id));
      return fresh;
    });
    negatives.set(query, kept.slice(0, count));
  }
  return { pairs: pairs.map((x) => `${x.query} ${x.other}`), negatives };
}

async function same(photos: ReadonlySet<number>, p: MiningParameters, seed: number): Promise<number> {
  const expected = literal(photos, p, seed);
  const mined = await mineTuples(library, set, photos, p, seed);
  expect(mined.tuples.map((t) => `${t.pair.query} ${t.pair.other}`)).toEqual(expected.pairs);
  for (const t of mined.tuples) expect(t.negatives.map((n) => n.photo)).toEqual(expected.negatives.get(t.pair.query));
  expect(mined.queries).toBe(expected.negatives.size);
  return mined.tuples.length;
}

describe('a run', () => {
  const all = new Set(set.ids);
  it('is what its seed says, draw by draw', async () => {
    let [tuples, seed] = [0, 0];
    for (const positives of ['m1', 'm2', 'm3'] as const)
      for (const negatives of ['random', 'hardest', 'one-per-cluster'] as const)
        for (const more of [
          { queries: 12 },
          { queries: 70, pool: 14 },
          // So many shared points that queries have one pair or none.
          { queries: 60, minShared: 520 },
          { queries: 30, queryFraction: 0.4 },
          { queries: 30, queriesPerCluster: 1, count: 1 },
          { queries: 200, queriesPerCluster: 4, queryFraction: 0.3, pool: 20 },
        ]) {
          const some = new Set([...all].filter((id) => (id * 7 + seed) % 5 !== 0));
          tuples += await same(seed % 2 === 0 ? all : some, { ...base, positives, negatives, ...more }, (seed += 1));
        }
    expect(tuples).toBeGreaterThan(500);
  });

  it('ends a round that was full without another draw', async () => {
    // As many queries as the first round, then two rounds, find; what is drawn afterwards shows where draws ended.
    const rounds = literal(all, { ...base, queries: 10_000 }, 5).pairs;
    const first = new Set(rounds.map((x) => x.split(' ')[0])).size;
    for (const queries of [first - 1, first, first + 1, rounds.length - 1, rounds.length, rounds.length + 1])
      await same(all, { ...base, queries, negatives: 'random' }, 5);
  });

  it('holds what people decided', async () => {
    const reader = new CandidateReader(library, base, () => true);
    const rich = [...all].filter((q) => reader.of(q).relaxed.length > 2);
    for (const [k, query] of rich.slice(0, 6).entries()) {
      const [a, b] = reader.of(query).relaxed.map((c) => c.other) as [number, number];
      decide(
        library,
        `d${k}`,
        k % 2 === 0
          ? [{ query, other: a, aspect: 'positive', verdict: 'swap', replacement: b }]
          : [{ query, other: a, aspect: 'positive', verdict: 'reject' }],
      );
    }
    for (const positives of ['m1', 'm2', 'm3'] as const)
      for (const negatives of ['random', 'one-per-cluster'] as const)
        await same(all, { ...base, positives, negatives, queries: 90 }, 11);
  });

  it('tells how far its negatives are, one alone too', async () => {
    const one = await mineTuples(library, set, all, { ...base, queries: 1, count: 1 }, 2);
    const [t] = one.tuples;
    expect(one.tuples.length).toBe(1);
    const [x, y] = [vectorOf.get(t!.pair.query)!, vectorOf.get(t!.negatives[0]!.photo)!];
    expect(one.meanNegativeDistance).toBeCloseTo(Math.hypot(...x.map((v, k) => v - y[k]!)), 4);
  });

  it('stops where it is asked to', async () => {
    const task = {
      ...silentContext(),
      check: () => {
        throw cancelled();
      },
    };
    await expect(mineTuples(library, set, all, { ...base, queries: 9 }, 1, { task })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });
});

describe('the best of several pairs', () => {
  it('is the first of those of one photo that are equal', () => {
    const pair = (other: number, cluster: number, shared: number) => ({
      query: 1,
      other,
      cluster,
      shared,
      overlap: 1,
      scale: 1,
    });
    const pairs = [pair(9, 1, 50), pair(5, 2, 50), pair(5, 3, 50), pair(6, 4, 50), pair(4, 5, 49)];
    expect(mostShared(pairs)).toBe(pairs[1]);
    expect(closestDescriptor(pairs.slice(0, 4), () => 0.5)).toBe(pairs[1]);
    expect(closestDescriptor(pairs, (o) => -o)).toBe(pairs[4]);
    expect([mostShared([]), closestDescriptor([], () => 1)]).toEqual([undefined, undefined]);
    expect(nearestCameras([0, 0, 0, 0, 0, 3, 0, 2, 0, 1, 0, 0], 0, 2)).toEqual([3, 2]);
  });
});

describe('links', () => {
  it('are found for so many negatives as forty million products allow, the hardest of every query first', async () => {
    const n = 6400;
    // On a half circle: the neighbours of a row are the rows beside it.
    const data = new Float32Array(2 * n);
    for (let i = 0; i < n; i += 1) data.set([Math.cos((3 * i) / n), Math.sin((3 * i) / n)], 2 * i);
    const ids = Array.from({ length: n }, (_, i) => i + 1000);
    const apart = { groupOf: (p: number) => p, foreign: () => true, groups: n, joined: () => false };
    const search = new NegativeSearch({ data, rows: n, dim: 2 }, ids, apart);
    const list = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => ({ row: from + i, similarity: 0, rank: i + 1 }));
    // 40e6 / 6400 = 6250 rows: 3100 of each, then fifty of the longer list.
    const links = await search.links(
      { data: data.slice(0, 4), rows: 2, dim: 2 },
      [1000, 1001],
      [list(0, 3300), list(3300, 6400)],
    );
    expect(links(1000, 1000 + 3149)).toEqual({ links: 0, mutual: false });
    expect(links(1000, 1000 + 3150)).toBeUndefined();
    expect(links(1001, 1000 + 6399)).toEqual({ links: 0, mutual: false });
    // Thirty neighbours each: 1 to 30 of row 0, and 0 and 2 to 30 of row 1.
    expect(links(1000, 1001)!.mutual).toBe(true);
    expect(links(1000, 1001)!.links).toBeCloseTo(29 / 30, 6);
    await search.release();
  }, 60_000);
});

describe('places that lists of pairs speak of', () => {
  it('are held out as they say; of one other place none is, of two one', () => {
    const make = (name: string, clusters: number) =>
      syntheticLibrary(join(folder, name), { photos: 4 * clusters, clusters, dim: 2, pairsPerPhoto: 2, seed: 1 })
        .library;
    for (const [others, more] of [
      [0, 0],
      [1, 0],
      [2, 1],
      [4, 1],
      [5, 2],
    ] as const) {
      const own = make(`told-${others}`, 2 + others);
      const scene = own.db.prepare('SELECT scene_id FROM cluster WHERE id = ?').pluck();
      own.db.prepare('UPDATE scene SET held_out = 1 WHERE id = ?').run(scene.get(1));
      own.db.prepare('UPDATE scene SET held_out = 0 WHERE id = ?').run(scene.get(2));
      const split = splitPlaces(own, 3);
      expect([others, split.heldOutPlaces, split.separate]).toEqual([others, 1 + more, true]);
      expect(split.heldOut.size).toBe(4 * (1 + more));
      expect(split.training.size).toBe(4 * (1 + others - more));
      own.close();
    }
  });
});
