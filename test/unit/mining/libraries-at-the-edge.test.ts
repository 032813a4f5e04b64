import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { editClusters } from '../../../src/main/engine/mining/cluster-changes.ts';
import {
  decide,
  decisionLog,
  decisionVersion,
  judgements,
  redo,
  undo,
  undoState,
  type Judgement,
} from '../../../src/main/engine/mining/decisions.ts';
import { manifoldDefaults, mineManifoldTuples } from '../../../src/main/engine/mining/manifold-library.ts';
import { separation } from '../../../src/main/engine/mining/separation.ts';
import { splitPlaces } from '../../../src/main/engine/mining/split.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { networkSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { clusterDetail, listClusters } from '../../../src/main/engine/sfm/clusters.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { said } from '../../support/said.ts';
import { syntheticLibrary, SYNTHETIC_PIXELS } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();

describe('a library', () => {
  const make = (name: string, clusters: number, more: { photos?: number; distractors?: number } = {}) =>
    syntheticLibrary(join(folder, name), { photos: 40, clusters, dim: 4, pairsPerPhoto: 3, seed: 4, ...more });

  it('holds places out from four places on, three in ten and one at least', () => {
    for (const [clusters, held] of [
      [1, 0],
      [3, 0],
      [4, 1],
      [5, 2],
      [8, 2],
      [10, 3],
    ] as const) {
      const { library } = make(`split-${clusters}`, clusters);
      const split = splitPlaces(library, 1);
      expect([clusters, split.heldOutPlaces, split.separate]).toEqual([clusters, held, held > 0]);
      if (held === 0) expect(split.heldOut).toBe(split.training);
      else expect([...split.heldOut].filter((p) => split.training.has(p))).toEqual([]);
      library.close();
    }
  });

  it('holds nothing out where fewer than two places can be measured: ten shared points', () => {
    const { library } = make('measurable', 5);
    library.db.exec('UPDATE pair_all SET shared = 9 WHERE cluster_id > 1');
    expect(splitPlaces(library, 0)).toMatchObject({ separate: false, heldOutPlaces: 0 });
    library.db.exec('UPDATE pair_all SET shared = 10 WHERE cluster_id = 2');
    expect(splitPlaces(library, 0)).toMatchObject({ separate: true, heldOutPlaces: 1 });
    library.close();
  });

  it('heeds what lists of pairs say they hold out', () => {
    const { library } = make('told', 5);
    const place = library.db.prepare('SELECT place FROM cluster WHERE id = ?').pluck();
    const scene = library.db.prepare('SELECT scene_id FROM cluster WHERE id = ?').pluck();
    library.db.prepare('UPDATE scene SET held_out = 1 WHERE id = ?').run(scene.get(2));
    library.db.prepare('UPDATE scene SET held_out = 0 WHERE id = ?').run(scene.get(3));
    const of = (id: number): number[] =>
      library.db.prepare('SELECT id FROM photo WHERE place = ?').pluck().all(place.get(id)) as number[];
    for (let seed = 0; seed < 12; seed += 1) {
      const split = splitPlaces(library, seed);
      expect(of(2).every((p) => split.heldOut.has(p))).toBe(true);
      expect(of(3).every((p) => split.training.has(p))).toBe(true);
      // Of the three others three in ten: one.
      expect(split.heldOutPlaces).toBe(2);
    }
    library.close();
  });

  it('mines photos that geometry does not know as pairs without shared points', async () => {
    const { library, network } = make('loose', 2, { photos: 20, distractors: 60 });
    const set = networkSet(library, network, SYNTHETIC_PIXELS);
    const mined = await mineManifoldTuples(
      library,
      set,
      () => true,
      { ...manifoldDefaults(80), k: 8 },
      silentContext(),
    );
    const loose = mined.tuples.filter((t) => t.pair.query > 20);
    expect(loose.length).toBeGreaterThan(3);
    for (const t of loose) {
      expect(t.pair).toMatchObject({ cluster: 0, shared: 0, overlap: 0, scale: Infinity });
      for (const a of t.alternatives) expect(a).toMatchObject({ strategies: 16, shared: 0, overlap: 0, scale: null });
      for (const n of t.negatives) expect(n).toMatchObject({ rank: null, links: null, mutual: false, shared: 0 });
      expect([t.strategies, t.disagreement]).toEqual([16, 0]);
    }
    library.close();
  });

  it('keeps photos of one place apart from no one of it, and joins places that a person joined', () => {
    const { library } = make('apart', 4, { distractors: 3 });
    const photosOf = (cluster: number): number[] =>
      library.db
        .prepare('SELECT photo_id FROM view WHERE cluster_id = ? ORDER BY photo_id')
        .pluck()
        .all(cluster) as number[];
    const [a, b, c] = [1, 2, 3].map(photosOf) as [number[], number[], number[]];
    const plain = separation(library, judgements(library));
    expect(plain.foreign(a[0]!, a[1]!)).toBe(false);
    expect(plain.foreign(a[0]!, b[0]!)).toBe(true);
    expect(plain.joined(a[0]!, b[0]!)).toBe(false);
    expect(plain.groupOf(a[0]!)).toBe(plain.groupOf(a[1]!));
    expect(plain.groupOf(999_999)).toBe(0);
    decide(library, 'x', [{ query: a[0]!, other: b[0]!, aspect: 'negative', verdict: 'reject' }]);
    const refused = separation(library, judgements(library));
    expect([refused.foreign(a[0]!, b[0]!), refused.foreign(b[0]!, a[0]!), refused.foreign(a[1]!, b[0]!)]).toEqual([
      false,
      false,
      true,
    ]);
    expect(refused.groups).toBe(plain.groups);
    decide(library, 'y', [
      { query: b[1]!, other: a[1]!, aspect: 'negative', verdict: 'same-object' },
      { query: b[1]!, other: c[1]!, aspect: 'positive', verdict: 'accept' },
    ]);
    const joined = separation(library, judgements(library));
    expect(joined.groups).toBe(plain.groups - 2);
    expect([joined.foreign(a[2]!, c[2]!), joined.joined(a[2]!, c[2]!), joined.joined(a[0]!, a[1]!)]).toEqual([
      false,
      true,
      false,
    ]);
    expect(new Set([a, b, c].map((p) => joined.groupOf(p[0]!))).size).toBe(1);
    const loose = library.db.prepare('SELECT id FROM photo WHERE id > 40 ORDER BY id').pluck().all() as number[];
    decide(library, 'z', [{ query: loose[0]!, other: a[0]!, aspect: 'negative', verdict: 'same-object' }]);
    const alone = separation(library, judgements(library));
    expect(loose.map((p) => alone.foreign(a[1]!, p))).toEqual([false, true, true]);
    expect(loose.map((p) => alone.foreign(p, a[1]!))).toEqual([false, true, true]);
    library.close();
  });

  it('decides one action at a time: what makes no sense is refused at its bounds, undo tells where one was', () => {
    const { library } = make('decided', 3);
    const base: Judgement = { query: 1, other: 2, aspect: 'positive', verdict: 'accept' };
    const of = (...more: Partial<Judgement>[]): string =>
      said(() =>
        decide(
          library,
          'label',
          more.map((m) => ({ ...base, ...m })),
        ),
      );
    expect(said(() => decide(library, 'x', []))).toBe('INPUT_INVALID: There is nothing to decide');
    expect(of({ other: 1 })).toMatch(/against itself/);
    expect(of({ verdict: 'swap' })).toMatch(/A swap needs/);
    expect(of({ verdict: 'swap', aspect: 'negative', replacement: 3 })).toMatch(/A swap needs/);
    expect(of({ verdict: 'swap', replacement: 1 })).toMatch(/another photo/);
    expect(of({ verdict: 'swap', replacement: 2 })).toMatch(/another photo/);
    expect(of({ verdict: 'same-object' })).toMatch(/said of a negative/);
    expect(of({ verdict: 'note' })).toMatch(/A note is neither/);
    expect(of({ aspect: 'note' })).toMatch(/A note is neither/);
    expect(of({ aspect: 'note', verdict: 'note', note: 'x'.repeat(10_001) })).toMatch(/at most 10000 characters/);
    expect(decisionVersion(library)).toBe(0);
    expect(undo(library)).toBeNull();
    expect(redo(library)).toBeNull();
    expect(undoState(library)).toEqual({ undo: null, redo: null });
    expect(of({ aspect: 'note', verdict: 'note', note: 'x'.repeat(10_000) })).toBe('read');
    decide(library, 'two', [
      { ...base, run: undefined, tuple: 7 },
      { ...base, other: 3, verdict: 'reject', tuple: 8 },
    ]);
    expect(undoState(library)).toEqual({ undo: 'two', redo: null });
    expect(undo(library)).toEqual({ label: 'two', run: null, tuple: 7 });
    expect(undoState(library)).toEqual({ undo: 'label', redo: 'two' });
    expect(redo(library)).toEqual({ label: 'two', run: null, tuple: 7 });
    expect(decisionLog(library, 0, 9).map((a) => [a.kind, a.label, a.decisions])).toEqual([
      ['do', 'label', 1],
      ['do', 'two', 2],
      ['undo', 'two', 0],
      ['redo', 'two', 0],
    ]);
    const ids = decisionLog(library, 0, 9).map((a) => a.id);
    expect(decisionLog(library, ids[0]!, 2).map((a) => a.id)).toEqual(ids.slice(1, 3));
    expect(decisionVersion(library)).toBe(ids[3]);
    const { mayMatch, mayDiffer } = judgements(library);
    expect([mayMatch(1, 3), mayMatch(3, 1), mayMatch(1, 2), mayDiffer(1, 3)]).toEqual([false, false, true, true]);
    library.close();
  });

  it('names clusters with one to two hundred characters, and edits what there is', () => {
    const { library } = make('named', 3);
    mkdirSync(library.file('clusters'), { recursive: true });
    const [a, b] = listClusters(library).map((c) => c.id) as [string, string];
    const rename = (name: string): string => said(() => editClusters(library, { kind: 'rename', cluster: a, name }));
    expect([rename(''), rename('  '), rename('x'.repeat(201))].map((t) => t.slice(0, 13))).toEqual(
      Array(3).fill('INPUT_INVALID'),
    );
    expect(rename(` ${'x'.repeat(200)} `)).toBe('read');
    expect(listClusters(library)[0]!.name).toBe('x'.repeat(200));
    expect(rename('y')).toBe('read');
    // The log's labels end at two hundred characters, too.
    expect(decisionLog(library, 0, 9).map((l) => l.label.length)).toEqual([200, 200]);
    expect(said(() => editClusters(library, { kind: 'exclude', clusters: [] }))).toBe(
      'INPUT_INVALID: No cluster was chosen',
    );
    expect(said(() => editClusters(library, { kind: 'merge', clusters: [a, a] }))).toBe(
      'INPUT_INVALID: Merging takes at least two clusters',
    );
    expect(said(() => editClusters(library, { kind: 'exclude', clusters: ['f'.repeat(16)] }))).toMatch(/^NOT_FOUND: /);
    const views = library.db
      .prepare('SELECT view_index FROM view WHERE cluster_id = 1 ORDER BY view_index')
      .pluck()
      .all() as number[];
    for (const chosen of [[], views, [9999]])
      expect(said(() => editClusters(library, { kind: 'split', cluster: a, views: chosen }))).toMatch(
        /^INPUT_INVALID: Splitting takes some/,
      );
    expect(editClusters(library, { kind: 'exclude', clusters: [a, b, a] })).toEqual({ clusters: [a, b], note: null });
    expect(listClusters(library).map((c) => c.excluded)).toEqual([true, true, false]);
    expect(editClusters(library, { kind: 'include', clusters: [b] }).clusters).toEqual([b]);
    expect(listClusters(library).map((c) => c.excluded)).toEqual([true, false, false]);
    undo(library);
    expect(listClusters(library).map((c) => c.excluded)).toEqual([true, true, false]);
    library.close();
  });

  it('puts merged cameras without points beside each other, a fifth of their width apart', () => {
    const { library } = make('beside', 4);
    library.db.exec('UPDATE cluster_all SET points = 0, observations = 0');
    const before = listClusters(library)
      .slice(0, 3)
      .map((c) => clusterDetail(library, c.id));
    const { clusters, note } = editClusters(library, { kind: 'merge', clusters: before.map((c) => c.id) });
    // Nothing that could be out of line: there are no points.
    expect(note).toBeNull();
    const merged = clusterDetail(library, clusters[0]!);
    const expected = before.flatMap((c, k) =>
      c.views.map((v) => [v.position[0] + [0, 1.2, 2.4][k]!, v.position[1], v.position[2]]),
    );
    expect(merged.views.length).toBe(expected.length);
    merged.views.forEach((v, i) => v.position.forEach((x, k) => expect(x).toBeCloseTo(expected[i]![k]!, 9)));
    library.close();
  });
});

describe('a library that was never made', () => {
  it('has no clusters to edit', () => {
    const library = Library.create(join(folder, 'empty'));
    expect(said(() => editClusters(library, { kind: 'rename', cluster: 'f'.repeat(16), name: 'x' }))).toMatch(
      /^NOT_FOUND/,
    );
    expect(splitPlaces(library, 0)).toMatchObject({ separate: false, heldOutPlaces: 0 });
    library.close();
  });
});
