import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { bestShotScores, BEST_SHOT } from '../../../src/main/engine/collections/best-shot.ts';
import { addPhotos } from '../../../src/main/engine/collections/gather.ts';
import { describePhotos } from '../../../src/main/engine/collections/fold-items.ts';
import { createCollection, setCollectionFields } from '../../../src/main/engine/collections/store.ts';
import { undo } from '../../../src/main/engine/mining/decisions.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { dot, row } from '../../../src/main/engine/retrieval/rank.ts';
import { loadSet, type LoadedSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import type { ChoiceReport } from '../../../src/shared/facts/collection-choices.ts';
import { thrown } from '../../support/collections.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
let library: Library;
let set = '';
let loaded: LoadedSet;
const hashes: string[] = [''];
const ids = (r: ChoiceReport): number[] => r.photos.map((h) => hashes.indexOf(h));
const choose = (params: object): Promise<ChoiceReport> => WORK.choose.run(library, { set, ...params }, silentContext());

beforeAll(async () => {
  const made = syntheticLibrary(join(folder, 'lib'), { photos: 60, clusters: 5, dim: 8, pairsPerPhoto: 1, seed: 3 });
  library = made.library;
  set = `${made.network.uid}-320`;
  const { db } = library;
  hashes.push(...(db.prepare('SELECT hash FROM photo ORDER BY id').pluck().all() as string[]));
  for (let id = 1; id <= 60; id += 1)
    db.prepare('INSERT INTO photo_quality VALUES (?, 1, ?, 0.5, 0, 0, 7, 20, 0)').run(id, (37 * id) % 100);
  db.prepare('UPDATE photo SET taken = id * 7200').run();
  db.prepare("INSERT INTO photo_fold VALUES (2, 'under', 1, 'person')").run();
  loaded = await loadSet(library, set);
});
afterAll(() => library.close());

/** Of every photo that may be chosen, the cosine with the nearest chosen one. */
function nearest(chosen: readonly number[], among: readonly number[]): number[] {
  const rowOf = new Map(Array.from(loaded.ids, (id, r) => [id, r]));
  const vector = (id: number): Float32Array => row(loaded.vectors, rowOf.get(id)!);
  return among.map((id) => Math.max(...chosen.map((c) => dot(vector(c), vector(id)))));
}
const all = Array.from({ length: 60 }, (_, i) => i + 1).filter((id) => id !== 2);

describe('choosing photos of a library', () => {
  it.each(['k-center', 'facility', 'typical', 'random', 'stratified', 'grid'] as const)('by %s gives n different photos and says how well they stand for all', async (by) => {
    const r = await choose({ n: 12, by });
    expect(new Set(ids(r)).size).toBe(12);
    expect(ids(r)).not.toContain(2);
    const near = nearest(ids(r), all);
    expect(r.among).toBe(59);
    expect(r.mean).toBeCloseTo(near.reduce((a, b) => a + b, 0) / 59, 5);
    expect(r.radius).toBeCloseTo(Math.sqrt(2 - 2 * Math.min(...near)), 4);
    expect(r.curve.map((c) => c.n)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(r.places.reduce((a, p) => a + p.chosen, 0)).toBe(12);
    expect(r.places.reduce((a, p) => a + p.photos, 0)).toBe(59);
    expect(r.notes).toContain('1 photo is folded under another and left out');
    expect(await choose({ n: 12, by })).toEqual(r);
  }); // prettier-ignore
  it('k-center covers within a smaller radius than chance, facility location better in the mean', async () => {
    const [center, facility, chance] = [await choose({ n: 8 }), await choose({ n: 8, by: 'facility' }), await choose({ n: 8, by: 'random' })]; // prettier-ignore
    expect(center.radius).toBeLessThan(chance.radius!);
    expect(facility.mean).toBeGreaterThan(chance.mean!);
    expect(facility.mean).toBeGreaterThan(center.mean!);
  });
  it('takes the best shot of each place', async () => {
    const r = await choose({ n: 5, by: 'stratified', field: 'place', quality: 1 });
    const scores = bestShotScores(library, BEST_SHOT);
    const place = new Map(library.db.prepare('SELECT id, place FROM photo').raw().all() as [number, number][]);
    const expected = [...Map.groupBy(all, (id) => place.get(id)!)]
      .sort(([a], [b]) => a - b)
      .map(([, of]) => of.reduce((a, b) => (scores.get(b)! > scores.get(a)! ? b : a)));
    expect(ids(r)).toEqual(expected);
  });
  it('parts time into cells', async () => {
    // A photo every two hours: sixty photos in six cells of twenty hours, the first of nine.
    const r = await choose({ n: 6, by: 'grid', hours: 20, shares: 'equal' });
    expect(new Set(ids(r).map((id) => Math.floor((id * 2) / 20))).size).toBe(6);
  });
  it('keeps what a collection has, and adds to it as one action', async () => {
    const { uid } = createCollection(library, 'Chosen').collection;
    addPhotos(library, uid, [{ photo: 30 }, { photo: 31 }]);
    const r = await choose({ n: 6, collection: 'Chosen', keep: [hashes[40]!] });
    expect(ids(r).slice(0, 3)).toEqual([30, 31, 40]);
    const items = (): unknown[] =>
      library.db.prepare('SELECT photo_id, rank FROM collection_item WHERE member = 1 ORDER BY position').raw().all();
    expect(items()).toEqual([[30, null], [31, null], ...ids(r).slice(2).map((id, i) => [id, i + 3])]); // prettier-ignore
    const [how] = library.db
      .prepare("SELECT method, query, network FROM collection_source WHERE how = 'chosen'")
      .raw()
      .all();
    expect(how).toEqual(['k-center', '6 of 59 photos', set.replace(/-320$/, '')]);
    undo(library);
    expect(items()).toEqual([[30, null], [31, null]]); // prettier-ignore
    expect((await choose({ n: 2, collection: 'Chosen' })).notes).toContain(
      '2 photos are kept already, so that none is chosen',
    );
  });
  it('chooses among what a rule gives, and says where there is less than asked for', async () => {
    const r = await choose({ n: 100, by: 'random', among: { is: 'scene', scenes: ['place_1'] } });
    expect(r.photos).toHaveLength(12);
    expect(r.notes).toContain('There are only 12 photos to choose among');
    await expect(choose({ n: 3, among: { is: 'any', of: [] } })).rejects.toMatchObject({ code: 'STATE_EMPTY' });
    await expect(choose({ n: 3, among: { is: 'x' } })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
  it('lets quality weigh', async () => {
    const scores = bestShotScores(library, BEST_SHOT);
    const mean = (r: ChoiceReport): number => ids(r).reduce((a, id) => a + scores.get(id)!, 0) / r.photos.length;
    for (const by of ['k-center', 'facility', 'typical'])
      expect(mean(await choose({ n: 8, by, quality: 1 })), by).toBeGreaterThan(mean(await choose({ n: 8, by })));
  });

  it('takes the best of each value of a field that collections say, and of each stratum', async () => {
    createCollection(library, 'described');
    addPhotos(
      library,
      'described',
      [3, 4, 5, 6, 7, 8, 9].map((photo) => ({ photo })),
    );
    const period = (photo: number): string => (photo < 6 ? 'Gothic' : photo < 8 ? 'Baroque' : 'Modern');
    describePhotos(library, 'described', [3, 4, 5, 6, 7, 8], (_, photo) => JSON.stringify({ period: [period(photo)] }));
    const scores = bestShotScores(library, BEST_SHOT);
    const best = (photos: number[]): number => photos.sort((a, b) => scores.get(b)! - scores.get(a)!)[0]!;
    const r = await choose({ by: 'stratified', valuesOf: 'period', each: 1, quality: 1 });
    // In the order of the values; 52 have none.
    expect(ids(r)).toEqual([best([6, 7]), best([3, 4, 5]), 8]);
    expect(r.notes).toContain('53 photos have no value of period and are left out');
    // What a photo does not say itself, its collection says for it.
    setCollectionFields(library, 'described', { period: ['Unknown'] });
    expect(ids(await choose({ by: 'stratified', valuesOf: 'period', each: 2 })).sort()).toEqual(
      expect.arrayContaining([6, 7, 8, 9]),
    );
    const places = await choose({ by: 'stratified', each: 1 });
    expect(places.places.map((p) => p.chosen)).toEqual([1, 1, 1, 1, 1]);
    undo(library);
  });

  it('refuses what its way does not read', async () => {
    for (const params of [
      { by: 'random', each: 1 },
      { by: 'k-center', valuesOf: 'period' },
    ])
      expect(await thrown(choose(params))).toMatchObject({ code: 'INPUT_INVALID' });
  });
});
