import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { readRule } from '../../../src/main/engine/collections/rule-tree.ts';
import { exemplarPhotos } from '../../../src/main/engine/collections/rule-likeness.ts';
import { answerRule } from '../../../src/main/engine/collections/rules.ts';
import { refreshSmart, smartState } from '../../../src/main/engine/collections/smart.ts';
import { addPhotos, removePhotos } from '../../../src/main/engine/collections/gather.ts';
import {
  createCollection,
  deleteCollection,
  renameCollection,
  setRules,
} from '../../../src/main/engine/collections/store.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { collectionNamed } from '../../../src/main/engine/library/tables/collection.ts';
import { undo } from '../../../src/main/engine/mining/decisions.ts';
import type { Rule } from '../../../src/shared/facts/collection-rules.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
let library: Library;
let set = '';
let made = 0;
const hashes: string[] = [''];
const members = (name: string): number[] =>
  library.db
    .prepare('SELECT photo_id FROM collection_item WHERE collection_id = ? AND member = 1 ORDER BY photo_id')
    .pluck()
    .all(collectionNamed(library, name).id) as number[];
const smart = (name: string, rules: Rule): string =>
  createCollection(library, name, { kind: 'smart', rules }).collection.uid;
const wide = (from: number): Rule => ({ is: 'size', field: 'width', from });

beforeAll(() => {
  const photos = syntheticLibrary(join(folder, 'lib'), { photos: 40, clusters: 4, dim: 8, pairsPerPhoto: 1, seed: 2 });
  library = photos.library;
  set = `${photos.network.uid}-320`;
  hashes.push(...(library.db.prepare('SELECT hash FROM photo ORDER BY id').pluck().all() as string[]));
});
beforeEach(() => {
  made += 1;
  library.db.prepare('UPDATE photo SET width = 100 * id').run();
});
afterAll(() => library.close());

describe('a smart collection', () => {
  it('takes what its rule gives, says +n and -m before anything changes, and follows', async () => {
    const c = smart(`A${made}`, wide(3900));
    expect(await smartState(library, c)).toMatchObject({ added: [39, 40], removed: [] });
    expect(members(c)).toEqual([]);
    expect(await refreshSmart(library, c)).toMatchObject({ added: 2, removed: 0 });
    library.db.prepare('UPDATE photo SET width = 5000 WHERE id = 3').run();
    library.db.prepare('UPDATE photo SET width = 10 WHERE id = 40').run();
    expect(await smartState(library, c)).toMatchObject({ added: [3], removed: [40] });
    expect(members(c)).toEqual([39, 40]);
    expect(await refreshSmart(library, c)).toMatchObject({ added: 1, removed: 1 });
    expect(members(c)).toEqual([3, 39]);
    expect(await refreshSmart(library, c)).toMatchObject({ action: null, added: 0, removed: 0 });
    undo(library);
    expect(members(c)).toEqual([39, 40]);
  });
  it('keeps what a person added, and never brings back what a person took out', async () => {
    const c = smart(`B${made}`, wide(3800));
    await refreshSmart(library, c);
    addPhotos(library, c, [{ photo: 5 }]);
    removePhotos(library, c, [39]);
    removePhotos(library, c, [12], true);
    setRules(library, c, { is: 'any', of: [wide(3800), { is: 'size', field: 'width', from: 1200, to: 1200 }] });
    expect(await refreshSmart(library, c)).toMatchObject({ action: null, added: 0, removed: 0 });
    expect(members(c)).toEqual([5, 38, 40]);
    // As another rule sees it.
    expect((await answerRule(library, { is: 'in', collection: c })).photos).toEqual([5, 38, 40]);
  });
  it('keeps with each photo the rule that brought it in, the network, score and rank', async () => {
    const like: Rule = { is: 'like', exemplars: { positive: [hashes[7]!] }, set, method: 'best', top: 3 };
    const c = smart(`C${made}`, { is: 'all', of: [like, { is: 'not', of: wide(99_999) }] });
    await refreshSmart(library, c);
    const items = library.db
      .prepare(
        `SELECT i.photo_id, i.rank, i.score, s.how, s.query, s.method, s.network FROM collection_item i
         JOIN collection_source s ON s.id = i.source_id WHERE i.collection_id = ? ORDER BY i.position`,
      )
      .all(collectionNamed(library, c).id) as Record<string, unknown>[];
    expect(items.map((i) => i['rank'])).toEqual([1, 2, 3]);
    expect(items[0]).toMatchObject({ photo_id: 7, how: 'rule', method: 'best', network: set.replace(/-320$/, '') });
    expect(items[0]!['score']).toBeCloseTo(1, 5);
    expect(readRule(JSON.parse(items[0]!['query'] as string))).toMatchObject({
      is: 'all',
      of: [{ is: 'like', top: 3 }, {}],
    });
  });
  it('holds names by id, so that they may change', async () => {
    const inner = createCollection(library, `D${made}`).collection;
    addPhotos(library, inner.uid, [{ photo: 1 }]);
    const c = smart(`E${made}`, { is: 'in', collection: `D${made}` });
    renameCollection(library, inner.uid, `F${made}`);
    expect((await smartState(library, c)).added).toEqual([1]);
  });
});

describe('what cannot be answered is said', () => {
  it('a collection that leads back to itself is refused', async () => {
    const a = smart(`A${made}`, wide(1));
    const b = smart(`B${made}`, { is: 'not', of: { is: 'in', collection: a } });
    expect(() => setRules(library, a, { is: 'any', of: [{ is: 'in', collection: b }] })).toThrow(/cannot ask its own/);
    expect(() => setRules(library, a, { is: 'in', collection: a })).toThrow(/cannot ask its own/);
    // Also where it came to be otherwise.
    library.db
      .prepare('UPDATE collection SET rules = ? WHERE uid = ?')
      .run(JSON.stringify({ is: 'in', collection: b }), a);
    await expect(answerRule(library, { is: 'in', collection: a })).rejects.toThrow(/leads back to itself/);
    await expect(smartState(library, a)).rejects.toThrow(/leads back to itself/);
  });
  it('a network that is gone is no empty answer', async () => {
    const c = smart(`A${made}`, { is: 'like', exemplars: { positive: [hashes[1]!] }, set, method: 'best', least: 0.5 });
    const rules = {
      is: 'like',
      exemplars: { positive: [hashes[1]!] },
      set: `${'0'.repeat(16)}-320`,
      method: 'best',
      top: 1,
    };
    expect(() => setRules(library, c, rules)).toThrow(/no descriptor set/);
    library.db.prepare('UPDATE collection SET rules = ? WHERE uid = ?').run(JSON.stringify(rules), c);
    await expect(smartState(library, c)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/not in this library/) as string,
    });
    await expect(answerRule(library, { is: 'not', of: { is: 'in', collection: c } })).rejects.toThrow(
      /not in this library/,
    );
  });
  it('a cluster, a scene, a collection, an exemplar that is not there', async () => {
    await expect(answerRule(library, { is: 'cluster', clusters: ['nowhere'] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(answerRule(library, { is: 'scene', scenes: ['nowhere'] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(answerRule(library, { is: 'place', names: ['nowhere'] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const gone = createCollection(library, `G${made}`).collection.uid;
    deleteCollection(library, gone);
    await expect(answerRule(library, { is: 'in', collection: gone })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const like = (positive: string[]): Rule => ({ is: 'like', exemplars: { positive }, set, method: 'mean', top: 2 });
    await expect(answerRule(library, like(['f'.repeat(32)]))).rejects.toMatchObject({ code: 'STATE_EMPTY' });
    expect((await answerRule(library, like(['f'.repeat(32), hashes[2]!]))).notes).toEqual([
      '1 exemplar is not in this library.',
    ]);
  });
  it('photos that were not measured', async () => {
    const { notes, photos } = await answerRule(library, { is: 'quality', field: 'sharpness', to: 5 });
    expect(photos).toEqual([]);
    expect(notes).toEqual(['The quality of 40 photos was not measured yet: covis quality does it.']);
    expect((await answerRule(library, { is: 'quality', field: 'megapixels', from: 0 })).notes).toEqual([]);
  });
});

describe('exemplars of a collection', () => {
  it('are its photos but those that a rule or a choice brought in, and those that do not belong', async () => {
    const c = smart(`A${made}`, wide(3900));
    await refreshSmart(library, c);
    addPhotos(library, c, [{ photo: 9 }], { how: 'chosen' });
    addPhotos(library, c, [{ photo: 4 }, { photo: 2 }]);
    removePhotos(library, c, [40], false);
    removePhotos(library, c, [8], true);
    expect(exemplarPhotos(library, { collection: c })).toEqual({ positive: [4, 2], negative: [40, 8], unknown: [] });
  });
});

describe('reading a rule', () => {
  const cases: [string, unknown, RegExp][] = [
    ['no object', [], /^The rule is no condition/],
    ['an unknown condition', { is: 'pretty' }, /^The rule is not as it should be: is: /],
    ['a condition deep in it', { is: 'all', of: [{ is: 'loose' }, { is: 'not', of: { is: 'size', field: 'depth', from: 1 } }] }, /^The rule at of\.1\.of is not as it should be: field: /],
    ['more than there is', { is: 'all', of: [], with: 1 }, /has more than is and of: with/],
    ['a list without a list', { is: 'any', of: { is: 'loose' } }, /needs a list of conditions/],
    ['no range', { is: 'size', field: 'width' }, /Say from, to, or both/],
    ['a range that is turned round', { is: 'quality', field: 'dark', from: 2, to: 1 }, /no more from than to/],
    ['top and least', { is: 'like', exemplars: { positive: ['abcdef12'] }, set: 's', top: 1, least: 1 }, /either how many/],
    ['exemplars of two kinds', { is: 'like', exemplars: { positive: ['abcdef12'], collection: 'c' }, set: 's', top: 1 }, /one by one, or as a collection/],
    ['calibrated cosines', { is: 'like', exemplars: { collection: 'c' }, set: 's', top: 1, calibrated: true }, /Only scores of a classifier/],
    ['a date in words', { is: 'taken', from: 'May' }, /from: /],
  ]; // prettier-ignore
  it.each(cases)('refuses %s', (_, value, message) => {
    expect(() => readRule(value)).toThrow(message);
  });
  it('refuses what is too deep or too large, however deep', () => {
    let deep: unknown = { is: 'loose' };
    for (let i = 0; i < 50_000; i += 1) deep = { is: 'not', of: deep };
    expect(() => readRule(deep)).toThrow(/more than 20 levels/);
    expect(() => readRule({ is: 'all', of: Array.from({ length: 1001 }, () => ({ is: 'loose' })) })).toThrow(
      /more than 1000/,
    );
  });
  it('refuses days that no calendar has', async () => {
    await expect(answerRule(library, { is: 'taken', from: '2023-02-29' })).rejects.toThrow(/no date of the calendar/);
    await expect(answerRule(library, { is: 'taken', to: '2023-13' })).rejects.toThrow(/no date of the calendar/);
  });
  it('takes the whole of a day, a month and a year', async () => {
    const at = (text: string): number => Date.parse(text) / 1000;
    library.db.prepare('UPDATE photo SET taken = NULL').run();
    const times = ['2023-05-31T23:59:59Z', '2023-06-01T00:00:00Z', '2023-06-01T12:30:45Z', '2024-01-01T00:00:00Z'];
    times.forEach((t, i) => library.db.prepare('UPDATE photo SET taken = ? WHERE id = ?').run(at(t), i + 1));
    const taken = async (rule: object): Promise<readonly number[]> => (await answerRule(library, readRule({ is: 'taken', ...rule }))).photos; // prettier-ignore
    expect(await taken({ to: '2023-05' })).toEqual([1]);
    expect(await taken({ from: '2023-06-01', to: '2023-06-01' })).toEqual([2, 3]);
    expect(await taken({ from: '2023', to: '2023' })).toEqual([1, 2, 3]);
    expect(await taken({ from: '2023-06-01T12:30', to: '2023-06-01T12:30' })).toEqual([3]);
  });
});

it('duplicates are photos that look like another, also after looks have changed', async () => {
  const look = library.db.prepare('UPDATE photo SET look = ? WHERE id = ?');
  for (let id = 1; id <= 40; id += 1) look.run(id.toString(16).padStart(2, '0').repeat(8), id);
  look.run('00ff00ff00ff00ff', 3);
  look.run('00ff00ff00ff00fe', 30);
  const twins = async (bits?: number): Promise<readonly number[]> => (await answerRule(library, readRule({ is: 'duplicate', bits: bits ?? 1 }))).photos; // prettier-ignore
  expect(await twins()).toEqual([3, 30]);
  expect(await twins(0)).toEqual([]);
  look.run('00ff00ff00ff00ff', 12);
  expect(await twins()).toEqual([3, 12, 30]);
  look.run(null, 12);
  expect(await twins()).toEqual([3, 30]);
  expect((await answerRule(library, { is: 'duplicate' })).notes).toEqual([
    '1 photo was not looked at for duplicates yet: covis duplicates does it.',
  ]);
});
