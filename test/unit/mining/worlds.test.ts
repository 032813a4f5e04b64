import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { NEGATIVE_STRATEGIES, POSITIVE_STRATEGIES, type MiningParameters } from '../../../src/shared/domain.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { random, type Random } from '../../../src/main/engine/library/random.ts';
import { DEFAULT_MINING } from '../../../src/main/engine/mining/candidates.ts';
import { mineTuples, type Mined } from '../../../src/main/engine/mining/mine.ts';
import { decide } from '../../../src/main/engine/mining/decisions.ts';
import { loadDescriptors, type DescriptorSet } from '../../../src/main/engine/retrieval/extract.ts';
import { dot } from '../../../src/main/engine/retrieval/rank.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary, SYNTHETIC_PIXELS } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
const LIBRARIES = 10;
const WORLDS = 100;

/** What a world knows, read without the code that mines. */
interface World {
  readonly library: Library;
  readonly set: DescriptorSet;
  readonly place: Map<number, number>;
  readonly cluster: Map<
    number,
    { readonly cluster: number; readonly view: number; readonly seen: number; readonly centre: number[] }
  >;
  readonly pairs: Map<string, { readonly shared: number; readonly scale: number }>;
}

function world(seed: number): World {
  const { library, network } = syntheticLibrary(join(folder, `w${seed}`), {
    photos: 40 + 11 * seed,
    clusters: 3 + (seed % 5),
    dim: 8,
    pairsPerPhoto: 6,
    distractors: 5,
    seed,
  });
  const { db } = library;
  const place = new Map(db.prepare('SELECT id, place FROM photo').raw().all() as [number, number][]);
  const cluster = new Map(
    (
      db
        .prepare(
          'SELECT photo_id AS id, cluster_id AS cluster, view_index AS view, points_seen AS seen, pose FROM view',
        )
        .all() as {
        id: number;
        cluster: number;
        view: number;
        seen: number;
        pose: string;
      }[]
    ).map(({ id, pose, ...v }) => {
      // The rotation is the identity, so the centre is minus the translation.
      const { translation } = JSON.parse(pose) as { translation: number[] };
      return [id, { ...v, centre: translation.map((t) => -t) }];
    }),
  );
  const photoAt = new Map([...cluster].map(([id, v]) => [`${v.cluster} ${v.view}`, id]));
  const pairs = new Map<string, { shared: number; scale: number }>();
  for (const p of db.prepare('SELECT cluster_id AS c, a, b, shared, scale FROM pair').all() as {
    c: number;
    a: number;
    b: number;
    shared: number;
    scale: number;
  }[]) {
    const [a, b] = [photoAt.get(`${p.c} ${p.a}`)!, photoAt.get(`${p.c} ${p.b}`)!];
    const known = { shared: p.shared, scale: Math.max(p.scale, 1 / p.scale) };
    pairs.set(`${a} ${b}`, known);
    pairs.set(`${b} ${a}`, known);
  }
  return { library, set: loadDescriptors(library, network, SYNTHETIC_PIXELS), place, cluster, pairs };
}

/** A draw of everything that a run may be told. */
function parameters(r: Random): MiningParameters {
  return {
    ...DEFAULT_MINING,
    positives: POSITIVE_STRATEGIES[r.below(3)]!,
    negatives: NEGATIVE_STRATEGIES[r.below(3)]!,
    count: 1 + r.below(6),
    minShared: [1, 30, 100, 200][r.below(4)]!,
    minOverlap: [0, 0.2, 0.5][r.below(3)]!,
    maxScale: [1.2, 1.5, 3][r.below(3)]!,
    cameraPool: [2, 5, 100][r.below(3)]!,
    pool: [15, 40, 20_000][r.below(3)]!,
    queries: 1 + r.below(40),
    queriesPerCluster: r.below(3) === 0 ? 2 : 0,
  };
}

/** Checks every rule of methods.md 1.2 and 1.3 by definition. @returns how many tuples were looked at. */
function checkRules(w: World, mined: Mined, p: MiningParameters, photos: ReadonlySet<number>): number {
  const at = new Map(Array.from(w.set.ids, (id, i) => [id, w.set.data.subarray(i * w.set.dim, (i + 1) * w.set.dim)]));
  const similarity = (a: number, b: number): number => dot(at.get(a)!, at.get(b)!);
  const perCluster = new Map<number, number>();
  const drawn = new Set<string>();
  for (const { pair, negatives } of mined.tuples) {
    const { query, other } = pair;
    const q = w.cluster.get(query)!;
    expect(query).not.toBe(other);
    expect(photos.has(query) && photos.has(other)).toBe(true);
    expect(drawn.has(`${query} ${other}`)).toBe(false);
    drawn.add(`${query} ${other}`);
    const known = w.pairs.get(`${query} ${other}`)!;
    expect(known.shared).toBeGreaterThanOrEqual(p.minShared);
    expect(pair.overlap).toBeCloseTo(known.shared / q.seen, 10);
    const far = (id: number): number => Math.hypot(...w.cluster.get(id)!.centre.map((x, k) => x - q.centre[k]!));
    const near = [...w.cluster]
      .filter(([id, v]) => v.cluster === q.cluster && id !== query)
      .sort(([a, x], [b, y]) => far(a) - far(b) || x.view - y.view)
      .slice(0, p.cameraPool)
      .map(([id]) => id)
      .filter((id) => photos.has(id) && (w.pairs.get(`${query} ${id}`)?.shared ?? 0) >= p.minShared);
    if (p.positives === 'm1')
      expect(Math.max(...near.map((id) => similarity(query, id)))).toBe(similarity(query, other));
    else if (p.positives === 'm2')
      expect(Math.max(...near.map((id) => w.pairs.get(`${query} ${id}`)!.shared))).toBe(known.shared);
    else {
      expect(pair.overlap).toBeGreaterThanOrEqual(p.minOverlap);
      expect(known.scale).toBeLessThanOrEqual(p.maxScale + 1e-9);
    }
    if (p.positives !== 'm3') expect(near).toContain(other);
    perCluster.set(q.cluster, (perCluster.get(q.cluster) ?? 0) + 1);
    const places = negatives.map((n) => w.place.get(n.photo)!);
    expect(places).not.toContain(w.place.get(query));
    expect(new Set(negatives.map((n) => n.photo)).size).toBe(negatives.length);
    expect(negatives.every((n) => photos.has(n.photo))).toBe(true);
    if (p.negatives === 'one-per-cluster') expect(new Set(places).size).toBe(places.length);
    for (const n of negatives) expect(n.similarity).toBeCloseTo(similarity(query, n.photo), 5);
    if (p.negatives !== 'random' && p.pool >= photos.size) {
      const foreign = [...photos]
        .filter((id) => w.place.get(id) !== w.place.get(query))
        .sort((a, b) => similarity(query, b) - similarity(query, a));
      const taken = new Set<number>();
      const expected = foreign.filter((id) => {
        if (p.negatives === 'hardest') return true;
        if (taken.has(w.place.get(id)!)) return false;
        taken.add(w.place.get(id)!);
        return true;
      });
      negatives.forEach((n, i) => expect(n.similarity).toBeCloseTo(similarity(query, expected[i]!), 5));
      expect(negatives.length).toBe(Math.min(p.count, expected.length));
    }
  }
  if (p.queriesPerCluster > 0 && p.positives !== 'm3')
    for (const n of perCluster.values()) expect(n).toBeLessThanOrEqual(p.queriesPerCluster);
  return mined.tuples.length;
}

describe('a thousand random worlds', () => {
  const worlds = Array.from({ length: LIBRARIES }, (_, i) => world(i));
  afterAll(() => worlds.forEach((w) => w.library.close()));

  it('have no tuple that breaks a rule', async () => {
    let tuples = 0;
    let empty = 0;
    for (const [i, w] of worlds.entries()) {
      for (let n = 0; n < WORLDS; n += 1) {
        const r = random(1000 * i + n);
        const p = parameters(r);
        const photos = new Set(r.shuffled([...w.set.ids]).slice(0, Math.ceil(w.set.ids.length * r.between(0.5, 1))));
        try {
          const mined = await mineTuples(w.library, w.set, photos, p, n, { links: n % 5 === 0 });
          tuples += checkRules(w, mined, p, photos);
        } catch (error) {
          // Bounds that nothing meets are refused, not answered with nothing.
          expect(String(error)).toMatch(/No two photos share|All photos are of one place/);
          empty += 1;
        }
      }
    }
    expect(tuples).toBeGreaterThan(8000);
    expect(empty).toBeLessThan(350);
  }, 120_000);

  it('hold what people decided', async () => {
    const w = worlds[7]!;
    const all = new Set(w.set.ids);
    const p: MiningParameters = {
      ...DEFAULT_MINING,
      positives: 'm2',
      negatives: 'one-per-cluster',
      count: 2,
      minShared: 1,
      queries: 500,
    };
    const before = await mineTuples(w.library, w.set, all, p, 3);
    const first = before.tuples[0]!;
    const swapped = before.tuples.find(
      (t) =>
        t.pair.query !== first.pair.query &&
        w.cluster.get(t.pair.query)!.cluster !== w.cluster.get(first.pair.query)!.cluster,
    )!;
    const replacement = [...w.pairs.keys()]
      .map((k) => k.split(' ').map(Number) as [number, number])
      .find(([a, b]) => a === swapped.pair.query && b !== swapped.pair.other)![1];
    const other = first.negatives[0]!.photo;
    decide(w.library, 'test', [
      { query: first.pair.query, other: first.pair.other, aspect: 'positive', verdict: 'reject' },
      { query: swapped.pair.query, other: swapped.pair.other, aspect: 'positive', verdict: 'swap', replacement },
      { query: first.pair.query, other, aspect: 'negative', verdict: 'same-object' },
    ]);
    const after = await mineTuples(w.library, w.set, all, p, 3);
    const isPair = (t: (typeof after.tuples)[number], a: number, b: number): boolean =>
      (t.pair.query === a && t.pair.other === b) || (t.pair.query === b && t.pair.other === a);
    expect(after.tuples.some((t) => isPair(t, first.pair.query, first.pair.other))).toBe(false);
    expect(after.tuples.find((t) => t.pair.query === swapped.pair.query)!.pair.other).toBe(replacement);
    const [x, y] = [w.place.get(first.pair.query)!, w.place.get(other)!];
    for (const t of after.tuples) {
      const place = w.place.get(t.pair.query)!;
      const places = t.negatives.map((n) => w.place.get(n.photo)!);
      if (place === x || place === y) expect(places.some((q) => q === x || q === y)).toBe(false);
      // Two places that show one object give one negative between them.
      expect(places.filter((q) => q === x || q === y).length).toBeLessThan(2);
    }
    expect(
      before.tuples.some((t) => w.place.get(t.pair.query) === x && t.negatives.some((n) => w.place.get(n.photo) === y)),
    ).toBe(true);
  });
});
