import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import Database from 'better-sqlite3';
import type { TupleInfo, TupleSort } from '../../../src/shared/domain.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { migrate } from '../../../src/main/engine/library/schema.ts';
import { DEFAULT_MINING } from '../../../src/main/engine/mining/candidates.ts';
import { compareRuns } from '../../../src/main/engine/mining/compare-runs.ts';
import { decide, undo } from '../../../src/main/engine/mining/decisions.ts';
import { mineTuples } from '../../../src/main/engine/mining/mine.ts';
import { storeMiningRun } from '../../../src/main/engine/mining/runs.ts';
import { readTuples, reviewProgress, TupleLists, type TupleFilter } from '../../../src/main/engine/mining/tuples.ts';
import { loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary, SYNTHETIC_PIXELS } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
let library: Library;
const runs: number[] = [];
beforeAll(async () => {
  const made = syntheticLibrary(join(folder, 'library'), {
    photos: 300,
    clusters: 10,
    dim: 16,
    pairsPerPhoto: 8,
    seed: 3,
  });
  library = made.library;
  const set = loadDescriptors(library, made.network, SYNTHETIC_PIXELS);
  for (const [seed, positives] of [
    [1, 'm3'],
    [2, 'm3'],
    [1, 'm1'],
  ] as const) {
    const parameters = { ...DEFAULT_MINING, positives, queries: 150 };
    const mined = await mineTuples(library, set, new Set(set.ids), parameters, seed, { links: true });
    runs.push(
      storeMiningRun(library, mined, {
        networkId: made.network.id,
        set: 's',
        setName: 'S',
        size: 320,
        seed,
        parameters,
      }),
    );
  }
});
afterAll(() => library.close());

const idOf = (hash: string): number =>
  library.db.prepare('SELECT id FROM photo WHERE hash = ?').pluck().get(hash) as number;
const everything = (run: number): TupleInfo[] =>
  readTuples(
    library,
    run,
    Array.from({ length: 150 }, (_, i) => i),
  );

describe('lists of tuples', () => {
  it('are ordered and narrowed as a plain sort and filter do', async () => {
    const lists = new TupleLists(library);
    const all = everything(runs[0]!);
    const keys: Record<TupleSort, (t: TupleInfo) => number> = {
      mined: (t) => t.index,
      suspicion: (t) => -t.suspicion,
      hardest: (t) => -t.negatives[0]!.similarity,
      easiest: (t) => t.negatives[0]!.similarity,
      positive: (t) => t.positiveSimilarity,
      shared: (t) => t.shared,
    };
    const other = new Set(everything(runs[1]!).map((t) => `${t.query} ${t.positive}`));
    const filters: [TupleFilter, (t: TupleInfo) => boolean][] = [
      [{}, () => true],
      [{ cluster: all[5]!.cluster }, (t) => t.cluster === all[5]!.cluster],
      [{ strategy: 'm2' }, (t) => (t.strategies & 2) !== 0],
      [{ disagreement: true }, (t) => t.alternatives.length > 0],
      [{ shared: { min: 100, max: 300 } }, (t) => t.shared >= 100 && t.shared <= 300],
      [
        { similarity: { max: 0.6 }, hardest: { min: 0.3 } },
        (t) => t.positiveSimilarity <= 0.6 && t.negatives[0]!.similarity >= 0.3,
      ],
      [{ newSince: runs[1]! }, (t) => !other.has(`${t.query} ${t.positive}`)],
    ];
    for (const [filter, keeps] of filters) {
      for (const [sort, key] of Object.entries(keys)) {
        const expected = all.filter(keeps).sort((a, b) => key(a) - key(b) || a.index - b.index);
        const { list, total } = await lists.open({ run: runs[0]!, filter, sort: sort as TupleSort });
        expect(total).toBe(expected.length);
        expect(lists.page(list, 0, 500).tuples.map((t) => t.index)).toEqual(expected.map((t) => t.index));
        if (total > 3) expect(lists.find(list, expected[3]!.index)).toBe(3);
      }
    }
    expect(() => lists.page('l99999', 0, 1)).toThrow(/no longer kept/);
  });

  it('show decisions, which do not move their rows until they are opened anew', async () => {
    const lists = new TupleLists(library);
    const all = everything(runs[0]!);
    const open = await lists.open({ run: runs[0]!, filter: { decision: 'none' }, sort: 'mined' });
    expect(open.total).toBe(150);
    const [a, b, c] = [all[0]!, all[1]!, all[2]!];
    decide(library, 'three', [
      { query: idOf(a.query), other: idOf(a.positive), aspect: 'positive', verdict: 'accept' },
      { query: idOf(b.query), other: idOf(b.positive), aspect: 'positive', verdict: 'reject' },
      { query: idOf(c.query), other: idOf(c.negatives[1]!.photo), aspect: 'negative', verdict: 'same-object' },
      { query: idOf(c.query), other: idOf(c.positive), aspect: 'note', verdict: 'note', note: 'look again' },
    ]);
    const [x, y, z] = lists.page(open.list, 0, 3).tuples;
    expect([x!.verdict, y!.verdict, z!.verdict]).toEqual(['accept', 'reject', null]);
    expect(z!.negatives[1]!.verdict).toBe('same-object');
    expect(z!.note).toBe('look again');
    const count = async (decision: TupleFilter['decision']): Promise<number> =>
      (await lists.open({ run: runs[0]!, filter: { decision }, sort: 'mined' })).total;
    const same = (t: TupleInfo, o: TupleInfo): boolean =>
      [t.query, t.positive].sort().join() === [o.query, o.positive].sort().join();
    // A pair may be in the run both ways round; it is one pair.
    expect(await count('accept')).toBe(all.filter((t) => same(t, a)).length);
    expect(await count('reject')).toBe(all.filter((t) => same(t, b)).length);
    expect(await count('none')).toBe(all.filter((t) => !same(t, a) && !same(t, b)).length);
    expect(await count('note')).toBe(all.filter((t) => same(t, c)).length);
    expect(await count('same-object')).toBeGreaterThan(0);
    const progress = reviewProgress(library, runs[0]!);
    expect(progress).toMatchObject({ tuples: 150, undo: 'three', redo: null, sameObject: 1 });
    expect(progress.reviewed).toBe(150 - (await count('none')));
    expect(undo(library)).toMatchObject({ label: 'three' });
    expect(reviewProgress(library, runs[0]!)).toMatchObject({ reviewed: 0, redo: 'three' });
  });

  it('of two runs are compared as by hand', async () => {
    const [a, b] = [everything(runs[0]!), everything(runs[1]!)];
    const key = (t: TupleInfo): string => `${t.query} ${t.positive}`;
    const [inA, inB] = [new Set(a.map(key)), new Set(b.map(key))];
    const c = await compareRuns(library, runs[0]!, runs[1]!);
    expect(c.fresh).toBe([...inB].filter((k) => !inA.has(k)).length);
    expect(c.gone).toBe([...inA].filter((k) => !inB.has(k)).length);
    expect(c.kept).toBe([...inB].filter((k) => inA.has(k)).length);
    const first = (list: TupleInfo[]): Map<string, TupleInfo> => new Map(list.toReversed().map((t) => [t.query, t]));
    const [qa, qb] = [first(a), first(b)];
    const both = [...qa.keys()].filter((q) => qb.has(q));
    expect(c.freshTuples).toEqual(
      b
        .filter((t) => !inA.has(key(t)))
        .slice(0, 100)
        .map((t) => t.index),
    );
    expect(c.queries).toBe(both.length);
    const change = (q: string): number => qb.get(q)!.negatives[0]!.similarity - qa.get(q)!.negatives[0]!.similarity;
    expect(c.harder).toBe(both.filter((q) => change(q) > 0).length);
    expect(c.easier).toBe(both.filter((q) => change(q) < 0).length);
    const changed = both.filter((q) => change(q) !== 0);
    changed.sort((x, y) => Math.abs(change(y)) - Math.abs(change(x)) || qb.get(x)!.index - qb.get(y)!.index);
    expect(c.moved.map((m) => m.query)).toEqual(changed.slice(0, 100));
    for (const m of c.moved) {
      expect([m.indexA, m.indexB]).toEqual([qa.get(m.query)!.index, qb.get(m.query)!.index]);
      expect(m.negativeBefore).toBe(qa.get(m.query)!.negatives[0]!.photo);
      expect(m.after - m.before).toBeCloseTo(change(m.query), 10);
      expect(m.negativeAfter).toBe(qb.get(m.query)!.negatives[0]!.photo);
    }
  });
});

describe('a library of the version before', () => {
  it('keeps its runs and tuples', () => {
    const db = new Database(':memory:');
    migrate(db, 2);
    db.exec(`INSERT INTO network VALUES (1, 'abcdef0123456789', NULL, '{"name":"Net"}', 1, 1, 0, 'x');
      INSERT INTO photo (id, hash, width, height, orientation, bytes) VALUES (1, 'a', 1, 1, 1, 1), (2, 'b', 1, 1, 1, 1), (3, 'c', 1, 1, 1, 1);
      INSERT INTO mining_run VALUES (4, 'then', 1, 7, 320, '{"strategy":"m3","minShared":30,"minOverlap":0.2,"maxScale":1.5,"negatives":5,"queries":200}', 1, 0.9, NULL, NULL);
      INSERT INTO tuple VALUES (4, 0, 9, 1, 2, 50, 0.4, 1.1, 0.8, 0.7, '[{"photo":3,"similarity":0.7}]');`);
    db.pragma('foreign_keys = ON');
    migrate(db);
    expect(db.pragma('foreign_key_check')).toEqual([]);
    const run = db.prepare('SELECT * FROM mining_run').get() as Record<string, unknown>;
    expect(run).toMatchObject({
      id: 4,
      created: 'then',
      set_key: 'abcdef0123456789-320',
      set_name: 'Net',
      queries: 1,
      tuples: 1,
      mean_negative_distance: 0.9,
    });
    expect(JSON.parse(run['parameters'] as string)).toEqual({ ...DEFAULT_MINING, queries: 200 });
    expect(db.prepare('SELECT * FROM tuple').get()).toMatchObject({
      run_id: 4,
      query: 1,
      positive: 2,
      shared: 50,
      strategies: 4,
      hardest: 0.7,
    });
    db.close();
  });
});
