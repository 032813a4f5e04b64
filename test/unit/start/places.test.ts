import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { libraryName } from '../../../src/shared/fields.ts';
import { Places, within } from '../../../src/main/engine/start/places.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const root = join(folder, 'root');
const elsewhere = join(folder, 'elsewhere');

function make(...parts: readonly string[]): string {
  const path = join(root, ...parts);
  mkdirSync(path, { recursive: true });
  return path;
}

/** A folder below another, by name. */
async function child(places: Places, name: string, id?: string): Promise<string> {
  const { folders } = await places.list(id);
  return folders.find((f) => f.name === name)!.id;
}

beforeAll(() => {
  mkdirSync(join(elsewhere, 'secret'), { recursive: true });
  const photos = make('photos');
  for (const name of ['a.jpg', 'b.JPG', 'c.tif', 'notes.txt', 'raw.cr2', '.hidden.jpg'])
    writeFileSync(join(photos, name), '');
  const model = make('castle', 'images');
  for (const name of ['1.jpg', '2.jpg']) writeFileSync(join(model, name), '');
  make('castle', 'sparse', '0');
  writeFileSync(join(make('library'), 'library.db'), '');
  make('.git');
  make('lost+found');
  for (const name of ['IMG_1.HEIC', 'IMG_2.heic', 'clip.MOV']) writeFileSync(join(make('deep', 'deeper'), name), '');
  symlinkSync(elsewhere, join(root, 'out'));
  symlinkSync(join(root, 'deep'), join(root, 'in'));
  symlinkSync(join(root, 'nothing'), join(root, 'broken'));
});

describe('folders that pages may choose', () => {
  it('are listed by name and number, with what they look like; hidden ones and those of the system are not', async () => {
    const { here, above, folders, outside } = await new Places([root]).list(undefined);
    expect(here).toMatchObject({ path: root });
    expect(above).toEqual([]);
    expect(folders.map(({ name, kind, photos }) => [name, kind, photos])).toEqual([
      ['castle', 'model', 2],
      ['deep', 'folder', 0],
      ['in', 'folder', 0],
      ['library', 'library', null],
      ['photos', 'photos', 3],
    ]);
    expect(outside, 'links that lead out of the roots').toBe(1);
    // Otherwise a folder of a telephone's photos would look empty.
    const heic = [{ kind: 'HEIC', count: 2 }];
    expect(folders.map((f) => f.unread)).toEqual([
      undefined,
      heic,
      heic,
      undefined,
      [{ kind: 'camera raw', count: 1 }],
    ]);
  });

  it('say the way down to them from the root and nothing above it', async () => {
    const places = new Places([root]);
    const deeper = await child(places, 'deeper', await child(places, 'deep'));
    expect((await places.list(deeper)).above.map((f) => f.path)).toEqual([root, join(root, 'deep')]);
  });

  it('are known by where they are, not by the link that leads there', async () => {
    const places = new Places([root]);
    expect(await child(places, 'in')).toBe(await child(places, 'deep'));
  });

  it('are found by a part of their name, whatever its letters’ size', async () => {
    const { folders } = await new Places([root]).list(undefined, 'CAST');
    expect(folders.map((f) => f.name)).toEqual(['castle']);
  });

  it('are listed up to a number, and the rest is counted', async () => {
    const many = join(folder, 'many');
    for (let i = 0; i < 510; i += 1) mkdirSync(join(many, `f${i}`), { recursive: true });
    const { folders, left } = await new Places([many]).list(undefined);
    expect([folders.length, left]).toEqual([500, 10]);
    expect(folders.slice(0, 3).map((f) => f.name)).toEqual(['f0', 'f1', 'f2']);
  });
});

describe('what a page says of a folder', () => {
  it.each([
    ['a path', '/etc'],
    ['a path in hex', Buffer.from('/etc').toString('hex')],
    ['an id that nobody gave', 'ab'.repeat(16)],
    ['nothing', ''],
  ])('is an id that was given to it, never %s', (_, id) => {
    expect(() => new Places([root]).pathOf(id)).toThrow(/no longer known/);
  });

  it('is good in the process that gave it alone', async () => {
    const id = await child(new Places([root]), 'deep');
    expect(() => new Places([root]).pathOf(id)).toThrow(/no longer known/);
  });

  it('is refused once a link lies where the folder was, or above it', async () => {
    const places = new Places([root]);
    const [own, below] = [make('own'), make('above', 'below')];
    const ids = [await child(places, 'own'), await child(places, 'below', await child(places, 'above'))];
    expect(ids.map((id) => places.pathOf(id))).toEqual([own, below]);
    rmSync(own, { recursive: true });
    symlinkSync(join(elsewhere, 'secret'), own);
    renameSync(join(root, 'above'), join(root, 'moved'));
    mkdirSync(join(elsewhere, 'below'));
    symlinkSync(elsewhere, join(root, 'above'));
    for (const id of ids) {
      expect(() => places.pathOf(id)).toThrow(/replaced by a link/);
      await expect(places.list(id)).rejects.toThrow(/replaced by a link/);
    }
    for (const name of ['own', 'above']) rmSync(join(root, name));
    expect(() => places.pathOf(ids[0]!)).toThrow(/no longer there/);
  });

  it('may be what a person chose elsewhere, which can be used and not looked into', async () => {
    const places = new Places([root]);
    const { id, name } = await places.chosen(elsewhere);
    expect([name, places.pathOf(id)]).toEqual(['elsewhere', elsewhere]);
    await expect(places.list(id)).rejects.toThrow(/may not be looked into/);
  });

  it('leads nowhere where no roots are: folders are then chosen in a dialog', async () => {
    await expect(new Places([]).list(undefined)).rejects.toThrow(/dialog/);
  });
});

describe('roots', () => {
  it('are listed themselves where there are several; one below another adds nothing', async () => {
    const places = new Places([root, elsewhere, join(root, 'deep')]);
    expect(places.roots).toEqual([root, elsewhere]);
    const { here, folders } = await places.list(undefined);
    expect([here, folders.map((f) => f.path)]).toEqual([null, [root, elsewhere]]);
  });

  it('have to be folders', () => {
    expect(() => new Places([join(root, 'nothing')])).toThrow();
    expect(() => new Places([join(root, 'photos', 'a.jpg')])).toThrow(/no folder/);
  });

  it.each([
    ['/data/set', '/data/set', true],
    ['/data/set', '/data/set/x', true],
    ['/data/set', '/data/set2', false],
    ['/data/set', '/data', false],
    ['/', '/anything', true],
  ])('%s has %s in it: %s', (outer, inner, is) => expect(within(outer, inner)).toBe(is));
});

describe('the name of a new library', () => {
  it.each(['Castles 2024', 'Schlösser', '寺', "Anna's", 'a.b'])('may be %s', (name) =>
    expect(libraryName.safeParse(name).success).toBe(true),
  );
  it.each([
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    '/etc',
    '.hidden',
    'x.',
    'x ',
    ' x',
    'nul',
    'COM1.txt',
    'a\0b',
    'a\nb',
    'C:',
    'a\u202eb',
    'é'.repeat(101),
    '寺'.repeat(90),
  ])('is never %j', (name) => expect(libraryName.safeParse(name).success).toBe(false));
});
