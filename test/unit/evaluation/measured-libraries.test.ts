import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  geometryBenchmark,
  listMeasurements,
  measureLibrary,
  type Benchmark,
} from '../../../src/main/engine/evaluation/library-measure.ts';
import { silentContext, type TaskContext } from '../../../src/main/engine/queue/context.ts';
import { rankingParameters } from '../../../src/main/engine/retrieval/methods/parameters.ts';
import { Ranker } from '../../../src/main/engine/retrieval/ranker.ts';
import { networkSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary, SYNTHETIC_PIXELS } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();

/** methods.md 6, literally: trapezoids between recalls, what is ignored struck out first. */
function areaUnder(list: readonly number[], positives: ReadonlySet<number>): number {
  let [area, recall, precision, hits] = [0, 0, 1, 0];
  list.forEach((item, i) => {
    if (positives.has(item)) hits += 1;
    area += ((hits / positives.size - recall) * (precision + hits / (i + 1))) / 2;
    [recall, precision] = [hits / positives.size, hits / (i + 1)];
  });
  return area;
}

describe('a library that is measured', async () => {
  const { library, network } = syntheticLibrary(join(folder, 'library'), {
    photos: 50,
    clusters: 5,
    dim: 5,
    pairsPerPhoto: 4,
    distractors: 5,
    seed: 11,
  });
  afterAll(() => library.close());
  const set = networkSet(library, network, SYNTHETIC_PIXELS);
  const { vectors } = set;
  const b = geometryBenchmark(library, set, 'sfm-medium', 0);
  const cosine = (i: number, j: number): number => {
    let s = 0;
    for (let d = 0; d < 5; d += 1) s += vectors.data[5 * i + d]! * vectors.data[5 * j + d]!;
    return s;
  };
  const told: string[] = [];
  const task: TaskContext = {
    ...silentContext(),
    step: (name, total) => told.push(`${name} ${total}`),
    changed: (what) => told.push(`changed ${what}`),
  };
  const ranker = await Ranker.prepare(
    { vectors, images: vectors.rows },
    rankingParameters('cosine', {}, { rows: vectors.rows }),
    task,
  );
  afterAll(() => ranker.close());
  const rowOf = new Map(Array.from(set.ids, (id, i) => [id, i]));
  const expected = (bench: Benchmark): number[] =>
    bench.truth.queries.flatMap((q, k) => {
      const self = rowOf.get(bench.photos[k]!);
      if (self === undefined) return [];
      const positives = new Set([...q.labels.easy!, ...q.labels.hard!]);
      const junk = new Set(q.labels.junk);
      const order = Array.from({ length: vectors.rows }, (_, i) => i).sort(
        (x, y) => cosine(self, y) - cosine(self, x) || x - y,
      );
      const listed = order.map((i) => bench.images[i]!).filter((i) => i >= 0 && !junk.has(i));
      return [areaUnder(listed, positives)];
    });

  it('has the mean of its queries’ average precision, by the definition', async () => {
    const m = await measureLibrary(library, set, ranker, b, task);
    const aps = expected(b);
    expect(aps.length).toBeGreaterThan(5);
    expect(m.perQuery.map((q) => q.query)).toEqual(b.truth.queries.map((q) => q.name));
    m.perQuery.forEach((q, i) => expect(q.ap).toBeCloseTo(aps[i]!, 6));
    expect(m.map).toBeCloseTo(aps.reduce((s, v) => s + v, 0) / aps.length, 6);
    expect(m).toMatchObject({
      set: set.name,
      network: network.uid,
      method: 'cosine',
      parameters: {},
      queries: aps.length,
    });
    expect(told).toContain(`Describing queries ${aps.length}`);
    expect(told.at(-1)).toBe('changed measurements');
    expect(listMeasurements(library)[0]!.id).toBe(m.id);
  });

  it('leaves query photos that the truth keeps out of its database out of the ranking', async () => {
    const out = rowOf.get(b.photos[0]!)!;
    const bench: Benchmark = { ...b, images: b.images.map((r, i) => (i === out ? -1 : r)) };
    const m = await measureLibrary(library, set, ranker, bench, task);
    const aps = expected(bench);
    m.perQuery.forEach((q, i) => expect(q.ap).toBeCloseTo(aps[i]!, 6));
  });

  it('asks only with photos that the set has', async () => {
    const bench: Benchmark = { ...b, photos: b.photos.map((p, i) => (i === 1 ? 987_654 : p)) };
    const m = await measureLibrary(library, set, ranker, bench, task);
    expect(m.perQuery.map((q) => q.query)).toEqual(b.truth.queries.map((q) => q.name).filter((_, i) => i !== 1));
    const aps = expected(bench);
    m.perQuery.forEach((q, i) => expect(q.ap).toBeCloseTo(aps[i]!, 6));
  });

  it('asks with all regions of a photo where photos have several', async () => {
    // Every photo twice, the second copy first: the best of a photo's regions is as good as the photo.
    const n = vectors.rows;
    const data = new Float32Array(2 * n * 5);
    data.set(vectors.data);
    data.set(vectors.data, n * 5);
    const owners = Uint32Array.from({ length: 2 * n }, (_, i) => i % n);
    const regions = { ...set, owners, vectors: { data, rows: 2 * n, dim: 5 } };
    const own = await Ranker.prepare(
      { vectors: regions.vectors, owners, images: n },
      rankingParameters('cosine', {}, { rows: 2 * n, regional: true }),
      task,
    );
    const m = await measureLibrary(library, regions, own, b, task);
    expect(m.perQuery.map((q) => q.query)).toEqual(b.truth.queries.map((q) => q.name));
    const aps = expected(b);
    m.perQuery.forEach((q, i) => expect(q.ap).toBeCloseTo(aps[i]!, 6));
    await own.close();
  });
});

describe('what a library is measured on', () => {
  it('says whether its queries are of places that were held out', () => {
    const text = (clusters: number): string => {
      const { library, network } = syntheticLibrary(join(folder, `places ${clusters}`), {
        photos: 8 * clusters,
        clusters,
        dim: 5,
        pairsPerPhoto: 4,
        seed: 3,
      });
      const b = geometryBenchmark(library, networkSet(library, network, SYNTHETIC_PIXELS), 'sfm-medium', 0);
      library.close();
      return b.text;
    };
    const [before, after] = [
      'geometry, medium: photos that share at least 3 points are positive; ',
      '; the rest of a place is ignored',
    ];
    expect(text(2)).toBe(
      `${before}queries of the training places themselves, because there are too few to hold any out${after}`,
    );
    expect(text(10)).toMatch(/; queries of [1-9] held-out places; the rest of a place is ignored$/);
  });
});
