import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openExport } from '../../../../src/main/engine/collections/import.ts';
import { verifyFolder } from '../../../../src/main/engine/collections/verify.ts';
import { silentContext } from '../../../../src/main/engine/queue/context.ts';
import { exported, inventedMaterial, NAMES, sha, thrown } from '../../../support/collections.ts';
import { temporaryFolder } from '../../../support/folders.ts';

const at = temporaryFolder();
const material = inventedMaterial(join(at, 'library'));

const all = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => !e.isDirectory())
    .map((e) => join(e.parentPath, e.name).slice(folder.length + 1))
    .sort();

describe('an exported folder', () => {
  it('has the photos, three tables and a list of digests that names every file once', async () => {
    const out = join(at, 'folder');
    const report = await exported(await material, out);
    expect(report).toMatchObject({ items: 8, photos: 8, files: 13, kept: 0 });
    const files = all(out);
    expect(files).toEqual(
      [
        ...NAMES.map((n) => `photos/${n}`),
        'README.txt',
        'collection.json',
        'items.csv',
        'items.jsonl',
        'manifest-sha256.txt',
      ].sort(),
    );
    const lines = readFileSync(join(out, 'manifest-sha256.txt'), 'utf8').split('\n').slice(0, -1);
    expect(lines).toEqual(
      files
        .filter((f) => f !== 'manifest-sha256.txt')
        .map((f) => `${sha(readFileSync(join(out, f)))}  ${f}`)
        .sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)),
    );
    expect(existsSync(`${out}.partial`)).toBe(false);
    expect(readdirSync(at).filter((n) => n.startsWith('folder'))).toEqual(['folder']);
  });

  it('is verified by sha256sum', async () => {
    const out = join(at, 'folder');
    const r = spawnSync('sha256sum', ['--strict', '--quiet', '-c', 'manifest-sha256.txt'], {
      cwd: out,
      encoding: 'utf8',
    });
    expect([r.status, r.stdout, r.stderr]).toEqual([0, '', '']);
  });

  it('is the same, byte for byte, wherever and whenever it is written', async () => {
    const again = join(at, 'again');
    await exported(await material, again);
    expect(readFileSync(join(again, 'manifest-sha256.txt'))).toEqual(
      readFileSync(join(at, 'folder', 'manifest-sha256.txt')),
    );
  });

  it('has a row a photo with what holds for it, and says which of it is its own', () => {
    const rows = readFileSync(join(at, 'folder', 'items.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as Record<string, unknown>);
    expect(rows[0]).toMatchObject({
      file_name: 'photos/castle/0001.jpg',
      position: 0,
      title: 'Photo 0, "castle/0001.jpg"',
      rights: 'CC-BY-4.0',
      keywords: ['demo', 'invented'],
      own_fields: ['title', 'date'],
    });
    expect(rows[3]).toMatchObject({
      keywords: ['a;b', 'c\\d', 'two\nlines'],
      'field.sha256': 'a field of that name',
      'Höhe in m': '12',
    });
    // The whole has a title, which is none of a photo's.
    expect(rows.map((r) => r['title'])).not.toContain('Castles, fountains');
  });
});

describe('a bag', () => {
  it('has the folder in data/, and lists that bags have', async () => {
    const out = join(at, 'bag');
    await exported(await material, out, { formats: ['bagit'] });
    expect(all(out)).toEqual(
      [
        ...[...NAMES.map((n) => `photos/${n}`), 'collection.json', 'items.csv', 'items.jsonl'].map((f) => `data/${f}`),
        'bag-info.txt',
        'bagit.txt',
        'manifest-sha256.txt',
        'tagmanifest-sha256.txt',
      ].sort(),
    );
    expect(readFileSync(join(out, 'bagit.txt'), 'latin1')).toBe(
      'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n',
    );
    const payload = all(join(out, 'data'));
    const bytes = payload.reduce((n, f) => n + statSync(join(out, 'data', f)).size, 0);
    expect(readFileSync(join(out, 'bag-info.txt'), 'utf8').split('\n')).toContain(
      `Payload-Oxum: ${bytes}.${payload.length}`,
    );
  });

  it.each(['link', 'none'] as const)('is refused with photos as %s', async (photos) => {
    const error = await thrown(exported(await material, join(at, 'no-bag'), { formats: ['bagit'], photos }));
    expect(error).toMatchObject({ code: 'INPUT_INVALID' });
    expect(existsSync(join(at, 'no-bag'))).toBe(false);
  });

  it('may have second names of the photos', async () => {
    const out = join(at, 'hard');
    await exported(await material, out, { formats: ['bagit'], photos: 'hard-link' });
    expect(statSync(join(out, 'data/photos', NAMES[0])).ino).toBe(statSync(join(at, 'library', '0.jpg')).ino);
    expect((await verifyFolder(out, { level: 'full' }, silentContext())).ok).toBe(true);
  });
});

describe('photos that are links', () => {
  it('lead to the files of the library', async () => {
    const out = join(at, 'links');
    await exported(await material, out, { photos: 'link' });
    expect(lstatSync(join(out, 'photos', NAMES[0])).isSymbolicLink()).toBe(true);
    expect((await verifyFolder(out, { level: 'full' }, silentContext())).ok).toBe(true);
    expect(openExport(out).content).toEqual((await material).content);
  });
});

describe('a target', () => {
  it('that is there is refused, and replaced with force where it is an export', async () => {
    const out = join(at, 'again');
    expect(await thrown(exported(await material, out))).toMatchObject({ code: 'STATE_CONFLICT', file: out });
    await exported(await material, out, { force: true, formats: ['csv'] });
    expect(all(out)).toEqual(['collection.json', 'items.csv', 'items.jsonl', 'manifest-sha256.txt']);
    writeFileSync(join(out, 'mine.txt'), 'mine');
    const error = await thrown(exported(await material, out, { force: true }));
    expect(error).toMatchObject({ code: 'STATE_CONFLICT' });
    expect(readFileSync(join(out, 'mine.txt'), 'utf8')).toBe('mine');
    expect(readdirSync(at).filter((n) => n.startsWith('again'))).toEqual(['again']);
  });

  it('that is another folder of a person is refused even with force', async () => {
    const out = join(at, 'home');
    mkdirSync(out);
    writeFileSync(join(out, 'letter.txt'), 'dear');
    expect((await thrown(exported(await material, out, { force: true })))?.message).toContain('letter.txt');
    expect(all(out)).toEqual(['letter.txt']);
  });

  it('may be an empty folder', async () => {
    const out = join(at, 'empty');
    mkdirSync(out);
    await exported(await material, out, { formats: ['jsonl'] });
    expect(all(out)).toContain('items.jsonl');
  });
});
