import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import {
  CandidateReader,
  covisiblePairs,
  DEFAULT_MINING,
  positiveCandidates,
} from '../../../src/main/engine/mining/candidates.ts';
import { decide, judgements } from '../../../src/main/engine/mining/decisions.ts';
import { closestDescriptor, mostShared, nearestCameras } from '../../../src/main/engine/mining/positives.ts';
import { hardestNegatives, randomNegatives } from '../../../src/main/engine/mining/negatives.ts';
import type { MiningParameters } from '../../../src/shared/domain.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

interface View {
  readonly cluster: number;
  readonly index: number;
  readonly photo: number | null;
  readonly at: readonly number[] | null;
  readonly seen: number;
}
interface Pair {
  readonly cluster: number;
  readonly a: number;
  readonly b: number;
  readonly shared: number;
  readonly scale: number | null;
}
interface World {
  readonly library: Library;
  readonly views: readonly View[];
  readonly pairs: readonly Pair[];
  readonly given: readonly { readonly cluster: number; readonly query: number; readonly positive: number }[];
}
const PHOTOS = 12;

/** Clusters in which photos are missing, are there twice and are in several; the last is a list of pairs without cameras. */
function world(seed: number): World {
  const r = random(seed);
  const library = Library.create(join(folder, `w${seed}`));
  const { db } = library;
  db.exec("INSERT INTO scene (id, name, root, images) VALUES (1, 's', 'r', 'i')");
  for (let p = 1; p <= PHOTOS; p += 1)
    db.prepare('INSERT INTO photo (id, hash, width, height, orientation, bytes) VALUES (?, ?, 4, 4, 1, 1)').run(
      p,
      `h${p}`,
    );
  const views: View[] = [];
  const pairs: Pair[] = [];
  const given: { cluster: number; query: number; positive: number }[] = [];
  for (let c = 1; c <= 3; c += 1) {
    db.prepare(
      "INSERT INTO cluster_all (id, uid, scene_id, name, source, points, observations, created) VALUES (?, ?, 1, 'c', '', 9, 9, '')",
    ).run(c, `c${c}`);
    const count = 6 + r.below(4);
    for (let v = 0; v < count; v += 1) {
      const photo = r.next() < 0.1 ? null : 1 + r.below(PHOTOS);
      const at = c === 3 ? null : [0, 1, 2].map(() => r.below(5));
      views.push({ cluster: c, index: v, photo, at, seen: 50 + r.below(100) });
      const pose = at === null ? 'null' : JSON.stringify({ rotation: [1, 0, 0, 0], translation: at.map((x) => -x) });
      db.prepare(
        "INSERT INTO view_all (cluster_id, view_index, photo_id, name, camera, pose, points_seen) VALUES (?, ?, ?, '', 'null', ?, ?)",
      ).run(c, v, photo, pose, views.at(-1)!.seen);
    }
    for (let a = 0; a < count; a += 1)
      for (let b = a + 1; b < count; b += 1) {
        if (c === 3) {
          if (r.next() < 0.3) given.push({ cluster: c, query: a, positive: b });
        } else if (r.next() < 0.7)
          pairs.push({ cluster: c, a, b, shared: 1 + r.below(60), scale: r.next() < 0.2 ? null : r.between(0.4, 2.5) });
      }
  }
  for (const p of pairs)
    db.prepare('INSERT INTO pair_all (cluster_id, a, b, shared, scale) VALUES (?, ?, ?, ?, ?)').run(
      p.cluster,
      p.a,
      p.b,
      p.shared,
      p.scale,
    );
  for (const g of given)
    db.prepare('INSERT INTO given_pair_all (cluster_id, query_view, positive_view) VALUES (?, ?, ?)').run(
      g.cluster,
      g.query,
      g.positive,
    );
  return { library, views, pairs, given };
}
const scaleOf = (s: number | null): number => (s === null ? Infinity : Math.max(s, 1 / s));

/** What one photo may be matched with, by going through everything. */
function literal(w: World, query: number, p: MiningParameters, allowed: (photo: number) => boolean) {
  const out: {
    other: number;
    cluster: number;
    shared: number;
    overlap: number;
    scale: number;
    given: boolean;
    near: boolean;
    relaxed: boolean;
  }[] = [];
  for (const own of w.views.filter((v) => v.photo === query)) {
    const others = w.views.filter((v) => v.cluster === own.cluster);
    const distance = (v: View): number =>
      own.at === null ? 0 : own.at.reduce((s, x, k) => s + (x - v.at![k]!) ** 2, 0);
    const pool = new Set(
      others
        .filter((v) => v.index !== own.index)
        .sort((a, b) => distance(a) - distance(b) || a.index - b.index)
        .slice(0, p.cameraPool)
        .map((v) => v.photo),
    );
    const found: typeof out = [];
    for (let other = 1; other <= PHOTOS; other += 1) {
      if (other === query || !allowed(other)) continue;
      const seen = others
        .filter((v) => v.photo === other)
        .flatMap((v) =>
          w.pairs.filter(
            (x) =>
              x.cluster === own.cluster &&
              ((x.a === own.index && x.b === v.index) || (x.b === own.index && x.a === v.index)),
          ),
        );
      const best = seen.length === 0 ? undefined : seen.reduce((x, y) => (y.shared > x.shared ? y : x));
      const told = w.given.some(
        (g) => g.cluster === own.cluster && g.query === own.index && others[g.positive]!.photo === other,
      );
      if (told)
        found.push({
          other,
          cluster: own.cluster,
          shared: 0,
          overlap: 0,
          scale: Infinity,
          given: true,
          near: true,
          relaxed: true,
        });
      else if (best !== undefined && best.shared >= p.minShared) {
        const overlap = best.shared / own.seen;
        const scale = scaleOf(best.scale);
        const relaxed = overlap >= p.minOverlap && scale <= p.maxScale;
        found.push({
          other,
          cluster: own.cluster,
          shared: best.shared,
          overlap,
          scale,
          given: false,
          near: pool.has(other),
          relaxed,
        });
      } else if (p.minShared === 0 && pool.has(other))
        found.push({
          other,
          cluster: own.cluster,
          shared: 0,
          overlap: 0,
          scale: Infinity,
          given: false,
          near: true,
          relaxed: p.minOverlap <= 0 && p.maxScale === Infinity,
        });
    }
    out.push(...found);
  }
  return out;
}

describe('candidates of a query', () => {
  it('are what going through everything finds', () => {
    let some = 0;
    for (let seed = 0; seed < 12; seed += 1) {
      const w = world(seed);
      const r = random(1000 + seed);
      for (let t = 0; t < 6; t += 1) {
        const p: MiningParameters = {
          ...DEFAULT_MINING,
          minShared: [0, 1, 20, 30][r.below(4)]!,
          minOverlap: [0, 0.2, 0.4][r.below(3)]!,
          maxScale: [1.2, 1.5, 3][r.below(3)]!,
          cameraPool: 1 + r.below(6),
        };
        const banned = 1 + r.below(PHOTOS);
        const allowed = (photo: number): boolean => photo !== banned;
        const reader = new CandidateReader(w.library, p, allowed);
        for (let query = 1; query <= PHOTOS; query += 1) {
          const expected = literal(w, query, p, allowed);
          // Two pairs that share equally many points may be told by either scale.
          const told = (list: readonly { other: number; cluster: number; shared: number }[]): string[] =>
            list.map((c) => `${c.cluster} ${c.other} ${c.shared}`);
          const got = reader.of(query);
          expect(told(got.pairs)).toEqual(told(expected));
          expect(told(got.near)).toEqual(told(expected.filter((c) => c.near)));
          expect(told(got.relaxed)).toEqual(told(expected.filter((c) => c.relaxed)));
          got.pairs.forEach((c, i) => {
            expect(c.overlap).toBeCloseTo(expected[i]!.overlap, 12);
            expect(c.scale).toBe(expected[i]!.scale);
            expect(c.given === true).toBe(expected[i]!.given);
            expect(c.query).toBe(query);
          });
          some += expected.length;
        }
      }
      w.library.close();
    }
    expect(some).toBeGreaterThan(1500);
  });

  it('of two photos are the cluster in which they share most, also where no strategy would take them', () => {
    for (let seed = 20; seed < 26; seed += 1) {
      const w = world(seed);
      const reader = new CandidateReader(w.library, DEFAULT_MINING, () => true);
      for (let query = 1; query <= PHOTOS; query += 1)
        for (let other = 1; other <= PHOTOS; other += 1) {
          if (other === query) continue;
          // A photo that is there twice is looked up where it is last.
          const shared = w.views
            .filter((v) => v.photo === query)
            .flatMap((own) => {
              const at = w.views.findLast((v) => v.cluster === own.cluster && v.photo === other);
              if (at === undefined) return [];
              const pair = w.pairs.find(
                (x) =>
                  x.cluster === own.cluster &&
                  x.a === Math.min(own.index, at.index) &&
                  x.b === Math.max(own.index, at.index),
              );
              return [
                {
                  shared: pair?.shared ?? 0,
                  overlap: (pair?.shared ?? 0) / own.seen,
                  scale: scaleOf(pair?.scale ?? null),
                },
              ];
            });
          const got = reader.pair(query, other);
          if (shared.length === 0) expect(got).toBeUndefined();
          else {
            const best = shared.reduce((a, b) => (b.shared > a.shared ? b : a));
            expect([got!.shared, got!.overlap, got!.scale]).toEqual([best.shared, best.overlap, best.scale]);
          }
        }
      const photos = new Set(w.views.filter((v) => v.cluster === 1 && v.photo !== null).map((v) => v.photo));
      expect(reader.photosIn(1)).toBe(photos.size);
      w.library.close();
    }
  });

  it('for whitening are all that m3 may draw, of the photos that may be used', () => {
    const w = world(31);
    const p = { ...DEFAULT_MINING, minShared: 10, minOverlap: 0.15, maxScale: 2 };
    const photos = new Set([1, 2, 3, 4, 5, 6, 7, 8]);
    const photoOf = (c: number, v: number): number => w.views.find((x) => x.cluster === c && x.index === v)!.photo ?? 0;
    const seenOf = (c: number, v: number): number => w.views.find((x) => x.cluster === c && x.index === v)!.seen;
    const expected = w.pairs
      .flatMap((x) => [
        {
          query: photoOf(x.cluster, x.a),
          other: photoOf(x.cluster, x.b),
          overlap: x.shared / seenOf(x.cluster, x.a),
          x,
        },
        {
          query: photoOf(x.cluster, x.b),
          other: photoOf(x.cluster, x.a),
          overlap: x.shared / seenOf(x.cluster, x.b),
          x,
        },
      ])
      .filter(
        ({ query, other, overlap, x }) =>
          query !== other &&
          photos.has(query) &&
          photos.has(other) &&
          x.shared >= 10 &&
          overlap >= 0.15 &&
          scaleOf(x.scale) <= 2,
      )
      .map(({ query, other, x }) => `${query} ${other} ${x.shared}`)
      .sort();
    const got = [...positiveCandidates(w.library, p, photos)].flatMap(([query, list]) =>
      list.map((c) => {
        expect(c.query).toBe(query);
        return `${query} ${c.other} ${c.shared}`;
      }),
    );
    expect(expected.length).toBeGreaterThan(10);
    expect(got.sort()).toEqual(expected);
    const all = [...covisiblePairs(w.library, 25)];
    expect(all.length).toBe(
      2 * w.pairs.filter((x) => x.shared >= 25 && photoOf(x.cluster, x.a) > 0 && photoOf(x.cluster, x.b) > 0).length,
    );
    w.library.close();
  });
});

describe('strategies', () => {
  const pair = (other: number, shared: number) => ({ query: 0, other, cluster: 1, shared, overlap: 0, scale: 1 });
  it('take the nearest cameras, equal distances by index', () => {
    const centres = [0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, -1, 0, 0, 2];
    expect(nearestCameras(centres, 0, 9)).toEqual([2, 3, 4, 1]);
    expect(nearestCameras(centres, 0, 2)).toEqual([2, 3]);
    expect(nearestCameras(centres, 1, 1)).toEqual([0]);
  });

  it('take the most alike and the most shared, equal ones by the lower photo', () => {
    const pairs = [pair(5, 10), pair(3, 40), pair(2, 40), pair(7, 1)];
    expect(mostShared(pairs)!.other).toBe(2);
    expect(closestDescriptor(pairs, (o) => (o === 7 || o === 5 ? 0.5 : 0.1))!.other).toBe(5);
    expect(closestDescriptor(pairs, () => -Infinity)).toBeUndefined();
    expect(mostShared([])).toBeUndefined();
  });
});

describe('negatives', () => {
  const foreign = { allowed: (row: number) => row % 3 !== 0, groupOf: (row: number) => row % 4 };
  it('are ranked from 1 by their place in the list that was looked through', () => {
    const ids = [6, 1, 5, 2, 9, 4];
    const similarities = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4];
    expect(hardestNegatives(ids, similarities, foreign, 9, 'hardest')).toEqual([
      { row: 1, similarity: 0.8, rank: 2 },
      { row: 5, similarity: 0.7, rank: 3 },
      { row: 2, similarity: 0.6, rank: 4 },
      { row: 4, similarity: 0.4, rank: 6 },
    ]);
    expect(hardestNegatives(ids, similarities, foreign, 2, 'one-per-cluster').map((n) => n.row)).toEqual([1, 2]);
    expect(hardestNegatives(ids, similarities, foreign, 0, 'hardest')).toEqual([]);
  });

  it('at random come with their similarity, most alike first, equal ones by row, without a rank', () => {
    const found = randomNegatives(9, (row) => (row === 7 ? 0.5 : 0), foreign, 6, random(1));
    expect(found).toEqual([7, 1, 2, 4, 5, 8].map((row) => ({ row, similarity: row === 7 ? 0.5 : 0, rank: null })));
  });
});

describe('judgements in force', () => {
  it('say what may match and differ, and which places are one', () => {
    const w = world(40);
    const judge = (
      aspect: 'positive' | 'negative',
      verdict: 'accept' | 'reject' | 'swap' | 'same-object' | 'none',
      query: number,
      other: number,
      replacement?: number,
    ): void => {
      decide(w.library, 'x', [
        { query, other, aspect, verdict, ...(replacement === undefined ? {} : { replacement }) },
      ]);
    };
    judge('positive', 'accept', 2, 1);
    judge('positive', 'reject', 3, 1);
    judge('positive', 'swap', 4, 1, 5);
    judge('negative', 'accept', 6, 1);
    judge('negative', 'reject', 7, 1);
    judge('negative', 'same-object', 8, 1);
    judge('positive', 'swap', 9, 1, 10);
    // What is put in its place is refused later: it is no longer chosen.
    judge('positive', 'reject', 10, 9);
    const j = judgements(w.library);
    const all = Array.from({ length: PHOTOS - 1 }, (_, i) => i + 2);
    expect(all.filter((p) => !j.mayMatch(p, 1))).toEqual([3, 4, 9]);
    expect(all.filter((p) => !j.mayMatch(1, p))).toEqual([3, 4, 9]);
    expect(all.filter((p) => !j.mayDiffer(1, p))).toEqual([7, 8]);
    expect([...j.chosen]).toEqual([[4, 5]]);
    expect(j.sameObject).toEqual([
      [1, 2],
      [1, 8],
    ]);
    judge('positive', 'none', 3, 1);
    judge('negative', 'none', 7, 1);
    expect(judgements(w.library).mayMatch(3, 1)).toBe(true);
    expect(judgements(w.library).mayDiffer(7, 1)).toBe(true);
    w.library.close();
  });
});
