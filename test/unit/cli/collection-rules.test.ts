import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from '../../../src/main/cli/commands/index.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import type { CovisError } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { writePhotos } from '../../support/photo-folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const COMMANDS = await commands();

const folder = temporaryFolder();
const path = join(folder, 'lib');
const hashes: string[] = [''];
let set = '';

/** Runs a command here. @returns what it printed. */
async function covis(name: string, words: object, options: object = {}): Promise<unknown> {
  const out: string[] = [];
  const written = vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const command = COMMANDS.find((c) => c.name === name)!;
    await command.run({ library: path, ...words }, { json: true, ...options });
    return JSON.parse(out.join(''));
  } finally {
    written.mockRestore();
    said.mockRestore();
  }
}
const members = async (name: string): Promise<number> =>
  ((await covis('collection show', { name })) as { items: number }).items;

beforeAll(() => {
  const made = syntheticLibrary(path, { photos: 40, clusters: 4, dim: 8, pairsPerPhoto: 1, seed: 2 });
  set = `${made.network.uid}-320`;
  hashes.push(...(made.library.db.prepare('SELECT hash FROM photo ORDER BY id').pluck().all() as string[]));
  made.library.db.prepare('UPDATE photo SET width = 100 * id, look = NULL').run();
  made.library.close();
});
afterAll(() => vi.restoreAllMocks());

describe('covis collection smart', () => {
  const rule = JSON.stringify({ is: 'size', field: 'width', from: 3601 });
  it('previews without making anything, makes, and brings up to date', async () => {
    expect(await covis('collection smart', { name: 'Wide' }, { rule, preview: true })).toMatchObject({
      total: 4,
      added: null,
    });
    await expect(covis('collection show', { name: 'Wide' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await covis('collection smart', { name: 'Wide' }, { rule })).toMatchObject({ added: 4, removed: 0 });
    expect(await members('Wide')).toBe(4);
    const file = join(folder, 'rule.json');
    writeFileSync(file, JSON.stringify({ is: 'size', field: 'width', from: 3801 }));
    expect(await covis('collection smart', { name: 'Wide' }, { rule: file, preview: true })).toMatchObject({
      total: 2,
      removed: 2,
    });
    expect(await members('Wide')).toBe(4);
    expect(await covis('collection smart', { name: 'Wide' }, { rule: file })).toMatchObject({ added: 0, removed: 2 });
  });
  it('refuses a rule that is none, and makes no collection of it', async () => {
    for (const [bad, code] of [
      ['{"is":"x"}', 'INPUT_INVALID'],
      ['{', 'INPUT_CORRUPT'],
      [join(folder, 'none.json'), 'INPUT_MISSING'],
      ['{"is":"scene","scenes":["none"]}', 'NOT_FOUND'],
    ])
      // prettier-ignore
      await expect(covis('collection smart', { name: 'Bad' }, { rule: bad }), bad).rejects.toMatchObject({ code });
    await expect(covis('collection show', { name: 'Bad' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

it('covis collection judge and next: what was judged is not asked again', async () => {
  await covis('collection create', { name: 'Taught' });
  const yes = hashes.slice(1, 7);
  expect(await covis('collection judge', { name: 'Taught' }, { yes, no: hashes.slice(20, 26) })).toEqual({
    positive: 6,
    negative: 6,
  });
  const next = (await covis('collection next', { name: 'Taught' }, { set, n: 28 })) as {
    photos: string[];
    how: string;
  };
  expect(next.how).toBe('classifier');
  expect(next.photos).toHaveLength(28);
  expect(next.photos.filter((p) => yes.includes(p) || hashes.slice(20, 26).includes(p))).toEqual([]);
  await expect(covis('collection judge', { name: 'Taught' }, { yes, no: yes })).rejects.toThrow(
    /belong and not belong/,
  );
});

describe('a name that several photos have', () => {
  const here = join(folder, 'two');
  let own: string;
  beforeAll(async () => {
    const folders = ['castle', 'garden'].map((f) => join(folder, f));
    await writePhotos(folders[0]!, ['0001.jpg', '0002.jpg', 'same.jpg'], 1);
    await writePhotos(folders[1]!, ['0001.jpg', 'inner/0001.jpg'], 10);
    // One content under two names is one photo.
    copyFileSync(join(folders[0]!, 'same.jpg'), join(folders[1]!, 'same.jpg'));
    const library = Library.create(here);
    await importSources(library, { sources: folders }, silentContext());
    own = library.db.prepare(`SELECT hash FROM photo JOIN photo_file ON photo_id = id WHERE name = '0002.jpg'`).pluck().get() as string; // prettier-ignore
    library.close();
    await covis('collection create', { library: here, name: 'Taught' });
  });
  const judge = (options: object): Promise<unknown> => covis('collection judge', { library: here, name: 'Taught' }, options); // prettier-ignore

  it('is refused with the photos that it may mean, each as it can be named; nothing is judged', async () => {
    const said = await judge({ yes: ['0002.jpg', '0001.jpg'] }).catch((e: unknown) => e as CovisError);
    expect(said).toMatchObject({
      code: 'INPUT_INVALID',
      message: '3 photos of the library are called 0001.jpg',
      hint: 'Name one as castle/0001.jpg or garden/0001.jpg or garden/inner/0001.jpg, or by its content hash.',
    });
    expect(await judge({ no: ['0002.jpg'] })).toEqual({ positive: 0, negative: 1 });
    const list = join(folder, 'names.txt');
    writeFileSync(list, '0002.jpg\n0001.jpg\n');
    await expect(
      covis('collection add', { library: here, name: 'Taught', photos: [] }, { from: list }),
    ).rejects.toThrow(`${list}, entry 2: 3 photos of the library are called 0001.jpg`);
  });
  it('is taken as soon as it means one: by every name that was said, by a hash, by names of one content', async () => {
    const named = ['castle/0001.jpg', 'garden/0001.jpg', 'garden/inner/0001.jpg'];
    expect(await judge({ yes: named, no: [own] })).toEqual({ positive: 3, negative: 1 });
    expect(await judge({ yes: ['inner/0001.jpg', 'same.jpg', 'garden/same.jpg'] })).toEqual({
      positive: 4,
      negative: 1,
    });
  });
  it('and a photo that is said to belong and not to belong is told by name', async () => {
    await expect(judge({ yes: ['same.jpg'], no: [own, 'garden/same.jpg'] })).rejects.toMatchObject({
      message: 'A photo cannot belong and not belong',
      hint: 'Take castle/same.jpg out of --yes or of --no.',
    });
  });
});

describe('covis collection select', () => {
  it('makes a collection of what was chosen, and none where nothing could be', async () => {
    const report = (await covis('collection select', { name: 'Ten' }, { n: '10', set })) as {
      photos: string[];
      mean: number;
    };
    expect(report.photos).toHaveLength(10);
    expect(await members('Ten')).toBe(10);
    await expect(
      covis('collection select', { name: 'None' }, { set, among: '{"is":"any","of":[]}' }),
    ).rejects.toMatchObject({ code: 'STATE_EMPTY' });
    await expect(covis('collection show', { name: 'None' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
  it('keeps what is in, and changes nothing when told so', async () => {
    const dry = (await covis('collection select', { name: 'Ten' }, { n: '12', set, dryRun: true })) as {
      photos: string[];
    };
    expect(await members('Ten')).toBe(10);
    expect(await covis('collection select', { name: 'Ten' }, { n: '12', set })).toMatchObject({ photos: dry.photos });
    expect(await members('Ten')).toBe(12);
  });
});

it('covis collection fold: as a person says, listed, and taken back', async () => {
  expect(await covis('collection fold', {}, { under: hashes[3], photos: [hashes[4], hashes[5]].join() })).toMatchObject(
    { changed: 3 },
  );
  const groups = async (): Promise<[string, number][]> =>
    ((await covis('collection fold', {}, { list: true })) as { groups: { head: { photo: string }; under: object[] }[] }).groups.map((g) => [g.head.photo, g.under.length]); // prettier-ignore
  expect(await groups()).toEqual([[hashes[3], 2]]);
  await covis('collection fold', {}, { head: hashes[5] });
  expect(await groups()).toEqual([[hashes[5], 2]]);
  await covis('collection fold', {}, { unfold: hashes[4] });
  expect(await groups()).toEqual([[hashes[5], 1]]);
  await expect(covis('collection fold', {}, { under: hashes[3] })).rejects.toThrow(/--photos/);
  await expect(covis('collection fold', {}, { head: hashes[3], forget: hashes[3] })).rejects.toThrow(/Say one thing/);
});
