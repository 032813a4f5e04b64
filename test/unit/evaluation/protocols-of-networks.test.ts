import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askingOf, libraryGeometry } from '../../../src/main/engine/evaluation/library-geometry.ts';
import { drawFold, Relevant } from '../../../src/main/engine/evaluation/protocols.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { integer, list, select } from '../../../src/main/engine/library/rows.ts';
import { decide, undo } from '../../../src/main/engine/mining/decisions.ts';
import { splitPlaces } from '../../../src/main/engine/mining/split.ts';
import { ensureDefaultNetwork, networkRow } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { learnedOf } from '../../../src/main/engine/training/known-part.ts';
import { whitenNetwork } from '../../../src/main/engine/training/whiten.ts';
import { evaluateWork } from '../../../src/main/engine/work/evaluate.ts';
import { measureWork } from '../../../src/main/engine/work/measure.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const SIZE = 64;
let library: Library;
beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
});
afterAll(() => library.close());

describe('the geometry of a library', () => {
  it('has the photos, their places, and the pairs that share ten points, as the database has them', () => {
    const g = libraryGeometry(library);
    const photos = select(library.db, 'SELECT id, place FROM photo ORDER BY id', list(integer, integer)).all();
    expect(Array.from(g.ids, (id, i) => [id, g.group[i]])).toEqual(photos);
    const pairs = select(
      library.db,
      `SELECT DISTINCT MIN(va.photo_id, vb.photo_id), MAX(va.photo_id, vb.photo_id) FROM pair p
       JOIN view va ON va.cluster_id = p.cluster_id AND va.view_index = p.a
       JOIN view vb ON vb.cluster_id = p.cluster_id AND vb.view_index = p.b WHERE p.shared >= 10 ORDER BY 1, 2`,
      list(integer, integer),
    ).all();
    expect(pairs.length).toBeGreaterThan(100);
    expect(Array.from(g.a, (a, k) => [g.ids[a], g.ids[g.b[k]!]])).toEqual(pairs);
    expect(g.unknown.every((u) => u === 0) && g.modelled.every((m) => m === 1)).toBe(true);
    expect(libraryGeometry(library, photos[9]![0]).ids).toHaveLength(10);
  });

  it('is as sure of a pair as it shares points: half at ten, and towards one, by the model that has most', () => {
    const g = libraryGeometry(library);
    const most = select(
      library.db,
      `SELECT MAX(p.shared) FROM pair p
       JOIN view va ON va.cluster_id = p.cluster_id AND va.view_index = p.a
       JOIN view vb ON vb.cluster_id = p.cluster_id AND vb.view_index = p.b WHERE p.shared >= 10
       GROUP BY MIN(va.photo_id, vb.photo_id), MAX(va.photo_id, vb.photo_id) ORDER BY MIN(va.photo_id, vb.photo_id), MAX(va.photo_id, vb.photo_id)`,
      integer,
    ).all();
    expect([...g.sure!]).toEqual(most.map((n) => n / (n + 10)));
    expect(Math.min(...g.sure!)).toBeGreaterThanOrEqual(0.5);
    expect(new Set(g.sure).size).toBeGreaterThan(10);
  });

  it('knows near duplicates, which are held out together', () => {
    const g = libraryGeometry(library);
    expect([...g.same]).toEqual([...g.ids.keys()]);
    library.db
      .prepare("INSERT INTO photo_fold (photo_id, state, head_id, said_by) VALUES (?, 'under', ?, 'proposal')")
      .run(g.ids[5], g.ids[2]);
    expect([...libraryGeometry(library).same.subarray(0, 6)]).toEqual([0, 1, 2, 3, 4, 2]);
    library.db.exec('DELETE FROM photo_fold');
  });

  it('heeds people: a refused pair is relevant no more, and joined places are one', () => {
    const g = libraryGeometry(library);
    const [a, b] = [g.ids[g.a[0]!]!, g.ids[g.b[0]!]!];
    decide(library, 'refuse', [{ query: a, other: b, aspect: 'positive', verdict: 'reject' }]);
    expect(libraryGeometry(library).a).toHaveLength(g.a.length - 1);
    const other = g.ids[g.group.findIndex((place) => place !== g.group[0])]!;
    decide(library, 'join', [{ query: g.ids[0]!, other, aspect: 'negative', verdict: 'same-object' }]);
    expect(new Set(libraryGeometry(library).group).size).toBe(new Set(g.group).size - 1);
    undo(library);
    undo(library);
    expect(libraryGeometry(library)).toEqual(g);
  });
});

describe('evaluate --protocol', () => {
  it.each(['own', 'new-photos', 'new-places'] as const)('%s names itself and what was learned', async (protocol) => {
    const r = await evaluateWork.run(library, { protocol, size: SIZE }, silentContext());
    expect(r.measure).toMatchObject({ protocol, learned: expect.stringContaining('learned nothing of this library') });
    expect(r.measure!.map.mean).toBe(r.map);
    expect(r.protocol).toMatch(
      { own: /^own collection: /, 'new-photos': /^new photos of known places: /, 'new-places': /^new places: / }[
        protocol
      ],
    );
    expect(r.queries).toBeGreaterThan(20);
  });

  it('refuses sfm with what can be measured, where it has no query', async () => {
    const asked = measureWork.run(library, { protocol: 'sfm', size: SIZE }, silentContext());
    await expect(asked).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      hint: expect.stringMatching(
        /^It can be measured with --protocol own \(\d+ queries of 5 places\), new-photos \(.*\) or new-places \(.*\)\.$/,
      ),
    });
  });

  it('asks only with what the network has not seen', async () => {
    const start = ensureDefaultNetwork(library);
    const made = await whitenNetwork(library, start, { method: 'learned', size: SIZE, seed: 0 }, silentContext());
    const learned = learnedOf(library, networkRow(library, made.network));
    const { training } = splitPlaces(library, 0);
    expect(learned.photos).toEqual(training);
    expect(learned.before).toBe(start.uid);
    const g = libraryGeometry(library);
    const relevant = new Relevant(g);
    const [places] = askingOf(g, { protocol: 'new-places', parts: 3, seed: 0 }, 3, learned.photos);
    const seenPlaces = new Set(Array.from(g.group).filter((_, i) => training.has(g.ids[i]!)));
    expect([...places!]).toEqual([...g.ids.keys()].filter((i) => relevant.has(i) && !seenPlaces.has(g.group[i]!)));
    const network = made.network;
    const r = await evaluateWork.run(library, { network, protocol: 'new-places', size: SIZE }, silentContext());
    expect(r.queries).toBe(places!.length);
    expect(r.measure!.learned).toBe(`learned from ${training.size} photos of this library`);
    await expect(
      evaluateWork.run(library, { network, protocol: 'new-photos', size: SIZE }, silentContext()),
    ).rejects.toMatchObject({ code: 'STATE_CONFLICT', message: expect.stringMatching(/no other photo of the places/) });
    // To one that has seen nothing the folds are drawn.
    const folds = askingOf(g, { protocol: 'new-photos', parts: 3, seed: 0 }, 3, new Set());
    expect(folds).toEqual([0, 1, 2].map((f) => drawFold(g, { protocol: 'new-photos', parts: 3, seed: 0 }, f).asking));
  });

  it('measures another protocol where held-out places have nothing left, and says so', async () => {
    const { heldOut } = splitPlaces(library, 0);
    const remove = library.db.prepare('DELETE FROM photo_file WHERE photo_id = ?');
    for (const photo of heldOut) remove.run(photo);
    const warnings: string[] = [];
    const r = await evaluateWork.run(library, { size: SIZE }, silentContext(warnings));
    expect(r.measure!.protocol).toBe('new-photos');
    expect(warnings.join()).toMatch(/measured instead: new photos of known places, which is another protocol/);
  });
});
