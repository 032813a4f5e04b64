import { afterAll, beforeAll, expect, it } from 'vitest';
import { join } from 'node:path';
import { editFolds } from '../../../src/main/engine/collections/fold-library.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { photoInfo } from '../../../src/main/engine/library/photos.ts';
import { SearchSession } from '../../../src/main/engine/search/session.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
let library: Library;
let session: SearchSession;
let set = '';
const hashes: string[] = [''];

beforeAll(() => {
  const made = syntheticLibrary(join(folder, 'lib'), { photos: 40, clusters: 4, dim: 8, pairsPerPhoto: 1, seed: 2 });
  library = made.library;
  set = `${made.network.uid}-320`;
  hashes.push(...(library.db.prepare('SELECT hash FROM photo ORDER BY id').pluck().all() as string[]));
  session = new SearchSession(library);
});
afterAll(async () => {
  await session.close();
  library.close();
});

const found = async (oneOfFold: boolean, top = 10): Promise<string[]> =>
  (await session.search({ photo: hashes[5]!, set, method: 'cosine', top, oneOfFold })).hits.map((h) => h.photo);

it('searching shows one of near duplicates, the one that is ranked first, and as many hits as asked for', async () => {
  const all = await found(false, 40);
  const [a, b, c] = [2, 4, 9].map((i) => hashes.indexOf(all[i]!));
  // The head is the one that is ranked last.
  editFolds(library, { kind: 'fold', head: c!, photos: [a!, b!] });
  expect(await found(false, 40)).toEqual(all);
  const expected = all.filter((_, i) => i !== 4 && i !== 9);
  expect(await found(true, 40)).toEqual(expected);
  expect(await found(true, 10)).toEqual(expected.slice(0, 10));
});

it('a photo says what it is folded under, and how many are folded under it', () => {
  editFolds(library, { kind: 'fold', head: 30, photos: [31, 32] });
  expect(photoInfo(library, hashes[31]!).foldedUnder).toBe(hashes[30]);
  expect(photoInfo(library, hashes[30]!)).toMatchObject({ folds: 2 });
  expect(photoInfo(library, hashes[30]!)).not.toHaveProperty('foldedUnder');
  expect(photoInfo(library, hashes[36]!)).not.toHaveProperty('folds');
});
