import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { geometryTruth, HARD_SHARED, storeEvaluation } from '../../../src/main/engine/evaluation/geometry-protocol.ts';
import {
  geometryBenchmark,
  listMeasurements,
  measurementDetail,
  measureLibrary,
  pairMeasurements,
  recordRanking,
  truthBenchmark,
  type Benchmark,
} from '../../../src/main/engine/evaluation/library-measure.ts';
import { judge } from '../../../src/main/engine/evaluation/ground-truth.ts';
import { foundIn } from '../../../src/main/engine/evaluation/measure.ts';
import { teacherAgainstStudent } from '../../../src/main/engine/evaluation/teacher.ts';
import {
  importTruth,
  importTruthBytes,
  listTruths,
  loadTruth,
  matchTruth,
} from '../../../src/main/engine/evaluation/truths.ts';
import { splitPlaces } from '../../../src/main/engine/mining/split.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { rankingParameters } from '../../../src/main/engine/retrieval/methods/parameters.ts';
import { Ranker } from '../../../src/main/engine/retrieval/ranker.ts';
import { networkSet, type LoadedSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { DEFAULT_TEACHER } from '../../../src/main/engine/teacher/bow-index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { said } from '../../support/said.ts';
import { syntheticLibrary, SYNTHETIC_PIXELS } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
let made = 0;
function put(name: string, content: string | Uint8Array): string {
  const at = join(folder, `t${(made += 1)}`);
  mkdirSync(at);
  writeFileSync(join(at, name), content);
  return join(at, name);
}

/** Two regions of every photo: its own descriptor, and that of the next photo. */
function regionsOf({ vectors: { data, rows, dim } }: LoadedSet): Required<Pick<LoadedSet, 'vectors' | 'owners'>> {
  const doubled = new Float32Array(2 * data.length);
  for (let i = 0; i < 2 * rows; i += 1) {
    const from = ((i >> 1) + (i % 2)) % rows;
    doubled.set(data.subarray(from * dim, (from + 1) * dim), i * dim);
  }
  return {
    vectors: { data: doubled, rows: 2 * rows, dim },
    owners: Uint32Array.from({ length: 2 * rows }, (_, i) => i >> 1),
  };
}

describe('a library', async () => {
  const { library, network } = syntheticLibrary(join(folder, 'library'), {
    photos: 60,
    clusters: 6,
    dim: 5,
    pairsPerPhoto: 4,
    distractors: 6,
    seed: 5,
  });
  const set = networkSet(library, network, SYNTHETIC_PIXELS);
  const names = new Map(
    library.db.prepare('SELECT photo_id, MIN(name) FROM photo_file GROUP BY photo_id').raw().all() as [
      number,
      string,
    ][],
  );
  const task = silentContext();

  it('is measured with the student only where it is a network with one descriptor a photo', async () => {
    const owners = Uint32Array.from(set.ids, (_, i) => i);
    const { network: own, size, ...plain } = set;
    const wrong: LoadedSet[] = [
      { ...set, owners },
      { ...plain, ...(size === undefined ? {} : { size }) } as LoadedSet,
      { ...plain, ...(own === undefined ? {} : { network: own }) } as LoadedSet,
    ];
    for (const s of wrong)
      await expect(teacherAgainstStudent(library, s, 'sfm', DEFAULT_TEACHER, task)).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: 'The student is a network with one descriptor a photo',
      });
  });

  it('has easy pairs of more than ten shared points, hard ones of three to ten', () => {
    expect(HARD_SHARED).toEqual({ least: 3, most: 10 });
    const before = library.db.prepare('SELECT cluster_id, a, b, shared FROM pair_all').raw().all() as [
      number,
      number,
      number,
      number,
    ][];
    const set = library.db.prepare('UPDATE pair_all SET shared = ?');
    const of = (shared: number): [number, number] => {
      set.run(shared);
      const { queries } = geometryTruth(library, splitPlaces(library, 0)).truth;
      const sum = (label: 'easy' | 'hard'): number => queries.reduce((n, q) => n + q.labels[label]!.length, 0);
      return [sum('easy'), sum('hard')];
    };
    const all = of(50)[0];
    expect(all).toBeGreaterThan(10);
    expect(of(11)).toEqual([all, 0]);
    expect([of(10)[0], of(10)[1] > 0]).toEqual([0, true]);
    const back = library.db.prepare('UPDATE pair_all SET shared = ? WHERE cluster_id = ? AND a = ? AND b = ?');
    for (const [cluster, a, b, shared] of before) back.run(shared, cluster, a, b);
  });

  it('keeps a ground truth once, lists the newest first with the protocols of its labels, and finds it again', () => {
    const [x, y] = [...set.ids].slice(0, 2).map((id) => names.get(id)!) as [string, string];
    const record = (label: 'ok' | 'easy'): string =>
      JSON.stringify({
        imlist: [x, y, 'nowhere.jpg'],
        qimlist: [y, 'gone'],
        gnd: [{ [label]: [0] }, { [label]: [1] }],
      });
    const first = importTruth(library, put('gnd.json', record('ok')), 'oxford');
    expect(importTruth(library, put('again.json', record('ok')), 'oxford').id).toBe(first.id);
    const second = importTruthBytes(library, Buffer.from(record('easy')), 'up.JSON', 'easy');
    expect(listTruths(library).map((t) => [t.id, t.images, t.queries, t.protocols])).toEqual([
      [second.id, 3, 2, ['medium', 'hard', 'easy']],
      [first.id, 3, 2, ['oxford', 'holidays', 'instre', 'ukbench', 'recall', 'acc']],
    ]);
    expect([first.name, second.name]).toEqual(['gnd.json', 'up.JSON']);
    expect(first.id).toMatch(/^[0-9a-f]{32}$/);
    expect(loadTruth(library, first.id).queries[0]).toEqual({ name: y, bbx: null, row: 1, labels: { ok: [0] } });
    expect(said(() => loadTruth(library, 'f'.repeat(32)))).toMatch(/^NOT_FOUND: /);
    const matched = matchTruth(library, loadTruth(library, first.id));
    expect(matched.photos).toEqual([set.ids[0], set.ids[1], undefined]);
    expect(matched.queries).toEqual([set.ids[1], undefined]);
    // An upload has no path: the error names what was sent.
    try {
      importTruthBytes(library, Buffer.from('{"a'), 'bad.json', 'oxford');
    } catch (error) {
      expect(error).toMatchObject({ code: 'INPUT_CORRUPT', file: 'bad.json' });
    }
    const warnings: string[] = [];
    const b = truthBenchmark(library, set, first.id, 'oxford', 'text', silentContext(warnings));
    expect(b.truth.queries.map((q) => q.name)).toEqual([y]);
    expect(b.photos).toEqual([set.ids[1]]);
    // Listed images at their rows, all others behind the list.
    expect([...b.images]).toEqual([0, 1, ...Array.from({ length: set.ids.length - 2 }, (_, i) => 3 + i)]);
    expect(warnings.map((w) => w.slice(0, 14))).toEqual(['1 of 3 images ', '1 of 2 queries']);
    const none = importTruth(
      library,
      put('n.json', JSON.stringify({ imlist: ['u'], qimlist: [x], gnd: [{ ok: [0] }] })),
      'oxford',
    );
    expect(said(() => truthBenchmark(library, set, none.id, 'oxford', '', task))).toMatch(
      /^STATE_EMPTY: The library has 0 of the 1 images and 1 of the 1 queries/,
    );
    const asked = importTruth(
      library,
      put('q.json', JSON.stringify({ imlist: [x], qimlist: ['u'], gnd: [{ ok: [0] }] })),
      'oxford',
    );
    expect(said(() => truthBenchmark(library, set, asked.id, 'oxford', '', task))).toMatch(
      /^STATE_EMPTY: The library has 1 of the 1 images and 0 of the 1 queries/,
    );
    const whole: string[] = [];
    const full = importTruth(
      library,
      put('f.json', JSON.stringify({ imlist: [x], qimlist: [y], gnd: [{ ok: [0] }] })),
      'oxford',
    );
    const outside = truthBenchmark(library, set, full.id, 'oxford', '', silentContext(whole));
    expect(whole).toEqual([]);
    // A query that the list does not have is not in the database.
    expect([...outside.images.slice(0, 3)]).toEqual([0, -1, 1]);
  });

  it('keeps measurements, newest of each cell, and compares two on the queries that both have', () => {
    const b: Benchmark = {
      ...geometryBenchmark(library, set, 'sfm-medium', 0),
    };
    const n = b.truth.queries.length;
    expect(n).toBeGreaterThan(4);
    const positives = (q: number): number[] => [
      ...b.truth.queries[q]!.labels.easy!,
      ...b.truth.queries[q]!.labels.hard!,
    ];
    const ranked = (first: (q: number) => number): number[][] => {
      const ids = Int32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? first(i >> 1) : -1));
      return foundIn({ ids, queries: n, top: 2 }, judge(b.truth, b.judged));
    };
    const by = { key: 'k', name: 'K', method: 'cosine', parameters: { k: 3 }, msPerQuery: 1.5, offlineMs: 7 };
    const good = recordRanking(
      library,
      by,
      b,
      ranked((q) => positives(q)[0]!),
    );
    const bad = recordRanking(
      library,
      { ...by, method: 'cg' },
      b,
      ranked(() => -1),
    );
    expect(good.map).toBeCloseTo(b.truth.queries.reduce((s, _, q) => s + 1 / positives(q).length, 0) / n, 12);
    expect(bad.map).toBe(0);
    expect(measurementDetail(library, good.id)).toMatchObject({
      id: good.id,
      setKey: 'k',
      setName: 'K',
      method: 'cosine',
      parameters: { k: 3 },
      truth: 'sfm 0',
      protocol: 'sfm-medium',
      queries: n,
      msPerQuery: 1.5,
      offlineMs: 7,
      skipped: 0,
      recallAtK: null,
      ukbench: null,
    });
    expect(measurementDetail(library, good.id).perQuery.every((q) => q.photo !== null)).toBe(true);
    const pair = pairMeasurements(library, bad.id, good.id);
    expect(pair).toMatchObject({ queries: n, wins: n, losses: 0 });
    expect(pair.difference).toBeCloseTo(good.map, 12);
    const again = recordRanking(
      library,
      by,
      b,
      ranked(() => -1),
    );
    expect(listMeasurements(library).map((m) => m.id)).toEqual([again.id, bad.id]);
    // Of some queries alone.
    const half = recordRanking(library, { ...by, key: 'h' }, b, ranked((q) => positives(q)[0]!).slice(1, 2), [1]);
    expect(half.perQuery.map((q) => q.query)).toEqual([b.truth.queries[1]!.name]);
    expect(pairMeasurements(library, half.id, good.id).queries).toBe(
      good.perQuery.filter((q) => q.query === b.truth.queries[1]!.name).length,
    );
    const other = recordRanking(library, { ...by, key: 'o' }, b, ranked((q) => positives(q)[0]!).slice(2, 3), [2]);
    expect(said(() => pairMeasurements(library, half.id, other.id))).toBe(
      'INPUT_INVALID: These measurements have no query in common',
    );
    expect(said(() => measurementDetail(library, 9999))).toBe('NOT_FOUND: There is no measurement 9999');
  });

  it.each(['cosine', 'cg', 'alpha-qe', 'regions'] as const)(
    'is measured with %s alike, however few rankings fit into memory',
    async (how) => {
      const b = geometryBenchmark(library, set, 'sfm-medium', 0);
      const measured = how === 'regions' ? { ...set, ...regionsOf(set) } : set;
      const { vectors, owners } = measured;
      const ranker = await Ranker.prepare(
        { vectors, owners, images: set.ids.length },
        rankingParameters(how === 'regions' ? 'cosine' : how, {}, { rows: vectors.rows }),
      );
      const asked: number[] = [];
      const task = { ...silentContext(), progress: (n: number) => void asked.push(n) };
      const whole = await measureLibrary(library, measured, ranker, b, task);
      const parts = await measureLibrary(library, measured, ranker, b, task, 1);
      await ranker.close();
      expect(whole.queries).toBeGreaterThan(4);
      expect(whole.map).toBeGreaterThan(0);
      const plain = ({ id: _, msPerQuery: __, ...m }: typeof whole) => m;
      expect(plain(parts)).toEqual(plain(whole));
      expect(measurementDetail(library, parts.id).curve).toEqual(measurementDetail(library, whole.id).curve);
      expect(asked.at(-1)).toBe(b.truth.queries.length);
    },
  );

  it('has three protocols of geometry', () => {
    const judged = ['sfm', 'sfm-medium', 'sfm-easy'].map((p) => {
      const b = geometryBenchmark(library, set, p, 0);
      expect(b.id).toBe('sfm 0');
      expect(b.photos).toEqual(b.truth.queries.map((q) => set.ids[q.row!]));
      return b.judged;
    });
    expect(judged).toEqual(['hard', 'medium', 'easy']);
  });

  it('keeps evaluations as they were', () => {
    const result = { protocol: 'p', queries: 3, database: 9, map: 0.25, mapWhitened: null } as Parameters<
      typeof storeEvaluation
    >[3];
    storeEvaluation(library, network.id, 64, result);
    expect(
      library.db
        .prepare('SELECT network_id, size, protocol, queries, database_size, map, map_whitened FROM evaluation')
        .raw()
        .all(),
    ).toEqual([[network.id, 64, 'p', 3, 9, 0.25, null]]);
  });
});
