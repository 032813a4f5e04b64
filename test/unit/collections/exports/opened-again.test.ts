import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentDigest } from '../../../../src/main/engine/collections/content.ts';
import { openExport } from '../../../../src/main/engine/collections/import.ts';
import type { CollectionEntry } from '../../../../src/shared/facts/collections.ts';
import { exported, inventedMaterial, NAMES, thrown } from '../../../support/collections.ts';
import { temporaryFolder } from '../../../support/folders.ts';

const at = temporaryFolder();

/** Of a few photos: the second stands under the first, the last alone. */
const folded = async (folder: string): Promise<Awaited<ReturnType<typeof inventedMaterial>>> => {
  const plain = await inventedMaterial(folder);
  const entries = plain.content.entries.map((e, i) =>
    i === 1 || i === 2 ? { ...e, foldedUnder: plain.content.entries[0]!.sha256 } : e,
  );
  return { ...plain, content: { ...plain.content, entries } };
};

describe('an export that is opened again', () => {
  it.each([
    ['folder', ['folder']],
    ['bagit', ['bagit']],
    ['csv alone', ['csv']],
    ['jsonl alone', ['jsonl']],
    ['webdataset', ['webdataset']],
  ] as const)('%s has the same version: items, fields, order, folds, digest', async (name, formats) => {
    const material = await folded(join(at, 'library'));
    const out = join(at, name);
    await exported(material, out, { formats });
    const { content } = openExport(out);
    expect(content).toEqual(material.content);
    expect(contentDigest(content.entries, content.version.fields)).toBe(material.content.version.digest);
  });

  it.each(['items.csv', 'items.jsonl'])('is read of %s alone', async (table) => {
    const material = await folded(join(at, 'library'));
    const out = join(at, `only-${table}`);
    await exported(material, out);
    rmSync(join(out, table === 'items.csv' ? 'items.jsonl' : 'items.csv'));
    expect(openExport(out).content).toEqual(material.content);
  });

  it('says where each photo lies', async () => {
    const out = join(at, 'bagit');
    expect(openExport(out).files.map((f) => f.file)).toEqual(NAMES.map((n) => join(out, 'data/photos', n)));
  });

  it('has the photos of the library in its digest, also where files were made smaller', async () => {
    const material = await inventedMaterial(join(at, 'library'));
    const out = join(at, 'small');
    await exported(material, out, { longSide: 32 });
    const opened = openExport(out);
    expect(opened.content).toEqual(material.content);
    opened.files.forEach((f, i) => expect(f.sha256).not.toBe(material.content.entries[i]!.sha256));
  });

  it.each([
    ['best', [0, 3, 4, 5, 6, 7]],
    ['none', [3, 4, 5, 6, 7]],
  ] as const)('with folds "%s" has the photos that are left, and another digest', async (folds, left) => {
    const material = await folded(join(at, 'library'));
    const out = join(at, `folds-${folds}`);
    await exported(material, out, { folds });
    const { content, record } = openExport(out);
    expect(content.entries).toEqual(left.map((i) => material.content.entries[i]!));
    expect(content.version.digest).toBe(contentDigest(content.entries, content.version.fields));
    expect(record.digest).toBe(material.content.version.digest);
    expect(content.version.digest).not.toBe(record.digest);
  });
});

describe('a folder of a stranger', () => {
  const hostile = async (name: string, change: (folder: string) => void): Promise<ReturnType<typeof thrown>> => {
    const out = join(at, `hostile-${name}`);
    await exported(await inventedMaterial(join(at, 'library')), out);
    change(out);
    return thrown(() => openExport(out));
  };
  const edit = (folder: string, file: string, from: string | RegExp, to: string): void => {
    const text = readFileSync(join(folder, file), 'utf8');
    const edited = text.replace(from, to);
    expect(edited).not.toBe(text);
    writeFileSync(join(folder, file), edited);
  };

  it.each([
    ['photos/../../../etc/passwd', /\.\./],
    ['/etc/passwd', /does not begin with photos/],
    ['photos/C:/windows.jpg', /it has :/],
    ['photos\\\\a.jpg', /does not begin with photos/],
    ['photos/a\\u0000.jpg', /control character/],
    ['photos/castle/0002.jpg', /two photos/],
    ['photos/CASTLE/0002.JPG', /upper and lower case/],
    ['photos/.ssh/key.jpg', /begins with a dot/],
    ['photos/a%2e.jpg', /it has %/],
  ])('is refused where a path is %s', async (path, why) => {
    const error = await hostile(`path-${path.replace(/\W/g, '-')}`, (out) =>
      edit(out, 'items.jsonl', 'photos/castle/0001.jpg', path),
    );
    expect(error).toMatchObject({ code: 'INPUT_INVALID', file: expect.stringMatching(/items\.jsonl$/) as string });
    expect(error!.message).toMatch(why);
  });

  it.each([
    [
      'a photo that is a link out of it',
      (out: string): void => {
        rmSync(join(out, 'photos', NAMES[0]));
        symlinkSync('/etc/hostname', join(out, 'photos', NAMES[0]));
      },
    ],
    [
      'a folder that is a link out of it',
      (out: string): void => {
        renameSync(join(out, 'photos'), join(at, `moved-${Math.random()}`));
        mkdirSync(join(at, 'elsewhere', 'castle'), { recursive: true });
        writeFileSync(join(at, 'elsewhere', NAMES[0]), 'x');
        symlinkSync(join(at, 'elsewhere'), join(out, 'photos'));
      },
    ],
  ])('is refused with %s', async (name, change) => {
    const error = await hostile(name.replace(/\W/g, '-'), change);
    expect(error).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringMatching(/leads out/) as string });
  });

  it.each([
    ['fewer rows than it says', 'items.jsonl', /^.*\n/, '', /has 7 photos, and collection\.json says 8/],
    ['two photos at one position', 'items.jsonl', '"position":1,', '"position":0,', /position 0/],
    ['a position beyond the last', 'items.jsonl', '"position":1,', '"position":100,', /position 100/],
    ['a field that was edited', 'items.jsonl', 'Photo 2', 'Photo two', /not those of its digest/],
    ['a digest of another form', 'items.jsonl', /"sha256":"[0-9a-f]{64}"/, '"sha256":"0x"', /sha256/],
    ['no number for bytes', 'items.jsonl', /"bytes":\d+/, '"bytes":-1', /bytes/],
    ['a table that is no JSON', 'items.jsonl', '{', '[', /not JSON|line 1/],
    ['a record of another kind', 'collection.json', 'covis-collection', 'x', /no record/],
    ['other defaults', 'collection.json', 'CC-BY-4.0', 'CC0-1.0', /not those of its digest/],
  ])('is refused with %s', async (name, file, from, to, why) => {
    const error = await hostile(name.replace(/\W/g, '-'), (out) => edit(out, file, from, to));
    expect(error).toMatchObject({ code: 'INPUT_CORRUPT', file: expect.stringMatching(/\.jsonl?$/) as string });
    expect(error!.message).toMatch(why);
  });

  it('of a newer Covis is refused by saying so', async () => {
    const error = await hostile('newer', (out) => edit(out, 'collection.json', '"schema": 1', '"schema": 2'));
    expect(error).toMatchObject({ code: 'INPUT_UNSUPPORTED', message: expect.stringMatching(/newer/) as string });
  });

  it('of deeply nested JSON is refused', async () => {
    const error = await hostile('deep', (out) => writeFileSync(join(out, 'collection.json'), '['.repeat(100_000)));
    expect(error).toMatchObject({ code: 'INPUT_CORRUPT', message: expect.stringMatching(/nested/) as string });
  });

  it('that is no export is refused by saying what is wanted', async () => {
    const plain = join(at, 'plain');
    cpSync(join(at, 'library'), plain, { recursive: true });
    expect(await thrown(() => openExport(plain))).toMatchObject({ code: 'INPUT_INVALID', file: plain });
  });
});

describe('a version', () => {
  const refused = async (each: (i: number) => Partial<CollectionEntry>): Promise<string | undefined> =>
    (await thrown(exported(await inventedMaterial(join(at, 'odd'), { each }), join(at, 'odd-out'))))?.message;

  it.each([
    'photos/a?.jpg',
    'photos/a /b.jpg',
    'photos/a./b.jpg',
    'photos/con.jpg',
    'photos/COM1',
    'photos/u\u0308.jpg',
    '../a.jpg',
    'photos//a.jpg',
  ])('is not written with the path %j, which some system does not take', async (path) =>
    expect(await refused((i) => (i === 0 ? { path } : {}))).toMatch(/not safe on every system/),
  );

  it('is not written with a path that is a photo and a folder', async () => {
    expect(await refused((i) => ({ path: i === 0 ? 'photos/a' : `photos/a/${i}.jpg` }))).toMatch(
      /of a photo and of a folder/,
    );
  });

  it('is not written with text that is no Unicode', async () => {
    expect(await refused((i) => (i === 0 ? { fields: { title: ['\ud800'] } } : {}))).toMatch(/no Unicode/);
  });
});
