import Database from 'better-sqlite3';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BinaryReader } from '../../../src/main/engine/sfm/binary-reader.ts';
import { ColmapDatabase } from '../../../src/main/engine/sfm/colmap-database.ts';
import { discoverScenes } from '../../../src/main/engine/sfm/discover.ts';
import { readModels } from '../../../src/main/engine/sfm/read.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { photoSizes, sizeOfImage } from '../../../src/main/engine/sfm/sizes.ts';
import { lines } from '../../../src/main/engine/sfm/text-lines.ts';
import { write } from '../../../src/main/engine/sfm/writers/sink.ts';
import { writePhoto } from '../../support/colmap.ts';
import { opensfm } from '../../support/foreign-models.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { said } from '../../support/said.ts';

const folder = temporaryFolder();
let made = 0;
const fresh = (): string => {
  const at = join(folder, `f${(made += 1)}`);
  mkdirSync(at);
  return at;
};
/** Files below a root with little in them; folders where the name ends in a slash. */
function tree(files: readonly string[], content = ''): string {
  const root = fresh();
  for (const f of files) {
    mkdirSync(f.endsWith('/') ? join(root, f) : dirname(join(root, f)), { recursive: true });
    if (!f.endsWith('/')) writeFileSync(join(root, f), content);
  }
  return root;
}

describe('scenes below a source', () => {
  const found = (root: string, source = root, images?: string): unknown =>
    discoverScenes([source], images).map((s) => [
      relative(root, s.root),
      relative(root, s.images),
      s.models.map((m) => [m.reader.format, relative(root, m.path), m.label]),
    ]);
  const MODEL = ['cameras.txt', 'images.txt', 'points3D.txt'];
  const at = (path: string): string[] => MODEL.map((f) => join(path, f));

  it.each<[string, string[], unknown]>([
    ['a model in sparse/', at('sparse'), [['', 'images', [['txt', 'sparse', '']]]]],
    ['one below sparse/', at('sparse/0'), [['', 'images', [['txt', 'sparse/0', '']]]]],
    [
      'several below sparse/, in the order of their numbers',
      [...at('sparse/10'), ...at('sparse/2'), ...at('sparse/.hidden')],
      [
        [
          '',
          'images',
          [
            ['txt', 'sparse/2', '2'],
            ['txt', 'sparse/10', '10'],
          ],
        ],
      ],
    ],
    [
      'a model in sparse/ before those below it',
      [...at('sparse'), ...at('sparse/0')],
      [['', 'images', [['txt', 'sparse', '']]]],
    ],
    ['the folder itself', MODEL, [['', 'images', [['txt', '', '']]]]],
    ['an empty sparse/ beside a model', ['sparse/', ...MODEL], [['', 'images', [['txt', '', '']]]]],
    ['a file, its photos beside it', ['a.nvm'], [['', '', [['nvm', 'a.nvm', '']]]]],
    ['a file, its photos in images/', ['a.nvm', 'images/'], [['', 'images', [['nvm', 'a.nvm', '']]]]],
    [
      'two files',
      ['b.nvm', 'a.nvm'],
      [
        [
          '',
          '',
          [
            ['nvm', 'a.nvm', 'a'],
            ['nvm', 'b.nvm', 'b'],
          ],
        ],
      ],
    ],
    ['a folder before a file', [...MODEL, 'a.nvm'], [['', 'images', [['txt', '', '']]]]],
    ['images alone', ['images/a.jpg'], [['', 'images', []]]],
    [
      'scenes side by side',
      ['y/images/', ...at('x/sparse/0'), '.z/images/', 'w/'],
      [
        ['x', 'x/images', [['txt', 'x/sparse/0', '']]],
        ['y', 'y/images', []],
      ],
    ],
    ['photos alone', ['a.jpg', 'b/c.jpg'], [['', '', []]]],
    // COLMAP's database of its usual name takes others with it; another program's alone is none.
    [
      'databases',
      ['database.db', 'x.db', 'images/'],
      [
        [
          '',
          'images',
          [
            ['database', 'database.db', 'database'],
            ['database', 'x.db', 'x'],
          ],
        ],
      ],
    ],
    ['another program’s database', ['x.db', 'images/'], [['', 'images', []]]],
  ])('%s', (_, files, expected) => expect(found(tree(files))).toEqual(expected));

  it('are files, with what lies around them', () => {
    const root = tree(
      [
        'scene/model.nvm',
        'scene/bundle.out',
        'scene/own.out',
        'pair/images/',
        'pair/reconstruction.json',
        'pair/other.json',
      ],
      'NVM_V3',
    );
    const nvm = discoverScenes([join(root, 'scene', 'model.nvm')]);
    expect(nvm.map((s) => [s.name, s.root, s.images])).toEqual([
      ['model', join(root, 'scene', 'model.nvm'), join(root, 'scene')],
    ]);
    writeFileSync(join(root, 'scene', 'bundle.out'), '# Bundle file v0.3');
    writeFileSync(join(root, 'scene', 'own.out'), '# Bundle file v0.3');
    writeFileSync(join(root, 'pair', 'reconstruction.json'), '[{"cameras"');
    const of = (file: string): unknown =>
      discoverScenes([join(root, file)]).map((s) => [
        s.name,
        relative(root, s.images),
        s.models[0]!.reader.format,
        s.models[0]!.label,
      ]);
    // A file of a program's usual name is called after its folder.
    expect(of('scene/bundle.out')).toEqual([['scene', 'scene', 'bundler', '']]);
    expect(of('scene/own.out')).toEqual([['own', 'scene', 'bundler', '']]);
    expect(of('pair/reconstruction.json')).toEqual([['pair', 'pair/images', 'opensfm', '']]);
    expect(discoverScenes([join(root, 'scene', 'own.out')], join(root, 'pair'))[0]!.images).toBe(join(root, 'pair'));
    writeFileSync(join(root, 'scene', 'x.txt'), 'anything');
    expect(said(() => discoverScenes([join(root, 'scene', 'x.txt')]))).toMatch(/^INPUT_UNSUPPORTED: /);
  });

  it('take their photos from elsewhere where that is said, and several sources one after the other', () => {
    const root = tree(['a/a.nvm', 'b/images/', 'photos/']);
    expect(discoverScenes([join(root, 'a')], join(root, 'photos')).map((s) => s.images)).toEqual([
      join(root, 'photos'),
    ]);
    expect(discoverScenes([join(root, 'b'), join(root, 'a')]).map((s) => s.name)).toEqual(['b', 'a']);
    expect(said(() => discoverScenes([join(root, 'a')], join(root, 'nowhere')))).toBe(
      'INPUT_MISSING: This folder does not exist',
    );
    expect(said(() => discoverScenes([join(root, 'nowhere')]))).toBe('INPUT_MISSING: This folder does not exist');
    expect(said(() => discoverScenes([tree(['x/', 'notes.md'])]))).toBe('INPUT_MISSING: No model and no photo is here');
    expect(discoverScenes([])).toEqual([]);
  });

  it('may lie behind links', () => {
    const root = fresh();
    const elsewhere = tree(['images/']);
    symlinkSync(elsewhere, join(root, 'linked'));
    symlinkSync(join(elsewhere, 'none'), join(root, 'dangling'));
    writeFileSync(join(root, 'file'), '');
    symlinkSync(join(root, 'file'), join(root, 'to-file'));
    expect(discoverScenes([root]).map((s) => s.name)).toEqual(['linked']);
  });
});

describe('OpenSfM without tracks', () => {
  it('is said to have nothing to mine, and with them it is not', () => {
    for (const tracks of [true, false]) {
      const at = fresh();
      opensfm(join(at, 'reconstruction.json'));
      const warnings: string[] = [];
      if (!tracks) writeFileSync(join(at, 'other.json'), readFileSync(join(at, 'reconstruction.json')));
      const alone = tree([]);
      writeFileSync(join(alone, 'reconstruction.json'), readFileSync(join(at, 'reconstruction.json')));
      const path = join(tracks ? at : alone, 'reconstruction.json');
      readModels({ path, reader: MODEL_READERS.find((r) => r.format === 'opensfm')! }, undefined, (w) =>
        warnings.push(w),
      );
      expect(warnings.length).toBe(tracks ? 0 : 1);
    }
  });
});

describe('the size that a model’s image had', () => {
  const photo = (w: number, h: number) => () => [w, h] as const;
  it.each([
    [undefined, 10.2, 0, [12, 1]],
    [undefined, 9, 5, [10, 6]],
    [photo(200, 100), 0, 0, [200, 100]],
    // One in a hundred beyond is what distortion does.
    [photo(200, 100), 202, 0, [200, 100]],
    [photo(200, 100), 203, 0, [203, 102]],
    [photo(200, 100), 100, 150, [300, 150]],
    [photo(200, 100), 500, 150, [500, 250]],
  ])('%#', (sizes, right, bottom, size) => {
    expect(sizeOfImage(sizes ?? (() => undefined), 'a', right, bottom)).toEqual(size);
  });

  it('comes from the photo that a path of another machine means', async () => {
    const at = fresh();
    await writePhoto(join(at, 'a.jpg'), 1, [40, 30]);
    await writePhoto(join(at, 'b.jpg'), 2, [20, 50]);
    writeFileSync(join(at, 'broken.jpg'), 'no photo');
    const sizes = await photoSizes(at, ['a.jpg', 'broken.jpg', 'b.jpg']);
    expect(['/m/a.jpg', 'b.jpg', 'broken.jpg', 'none.jpg'].map(sizes)).toEqual([
      [40, 30],
      [20, 50],
      undefined,
      undefined,
    ]);
  });
});

describe.runIf(existsSync('/proc/self/fd'))('files that were read', () => {
  const open = (file: string): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(join('/proc/self/fd', fd)) === file;
      } catch {
        return false;
      }
    }).length;
  it('are closed, whether they could be read or not', () => {
    const at = fresh();
    const file = (name: string, text: string | Buffer): string => {
      writeFileSync(join(at, name), text);
      return join(at, name);
    };
    const text = file('t.txt', 'a\nb\n');
    for (const { text: line } of lines(text)) if (line === 'a') break;
    expect(open(text)).toBe(0);
    const bad = file('bad.txt', Buffer.from([0xff, 0x0a]));
    expect([...lines(bad)].map((l) => l.text)).toEqual(['ÿ']);
    expect(open(bad)).toBe(0);
    const binary = file('b.bin', Buffer.alloc(9));
    const reader = new BinaryReader(binary);
    expect(open(binary)).toBe(1);
    reader.close();
    expect(open(binary)).toBe(0);
    const read = (format: string, path: string): string =>
      said(() =>
        MODEL_READERS.find((r) => r.format === format)!.read(
          path,
          { names: ['a', 'b'], sizes: () => undefined },
          () => undefined,
        ),
      );
    const nvm = file('m.nvm', 'NVM_V3\n0\nmore\nand more\n');
    expect(read('nvm', nvm)).toMatch(/no model/);
    const out = file('bundle.out', '# Bundle file v0.3\n1 0\nmore\n');
    expect(read('bundler', out)).toMatch(/INPUT/);
    const model = tree([]);
    for (const f of ['cameras.bin', 'points3D.bin', 'images.bin']) writeFileSync(join(model, f), Buffer.alloc(9));
    expect(read('bin', model)).toMatch(/bytes are left/);
    const db = join(at, 'x.db');
    new Database(db).exec('CREATE TABLE images (a)').close();
    expect(said(() => new ColmapDatabase(db))).toMatch(/has no table cameras/);
    const sink = write(join(at, 'written'), (s) => s.u8(1));
    expect([nvm, out, join(model, 'cameras.bin'), db, sink].map(open)).toEqual([0, 0, 0, 0, 0]);
  });
});
