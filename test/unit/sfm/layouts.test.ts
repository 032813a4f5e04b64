import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { discover } from '../../../src/main/engine/sfm/discover.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { walkFolders } from '../../../src/main/engine/sfm/walk.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
let made = 0;
function tree(files: readonly string[]): string {
  const root = join(realpathSync(folder), `t${(made += 1)}`, 'P');
  mkdirSync(root, { recursive: true });
  for (const f of files) {
    mkdirSync(f.endsWith('/') ? join(root, f) : dirname(join(root, f)), { recursive: true });
    if (!f.endsWith('/')) writeFileSync(join(root, f), '');
  }
  return root;
}
const bin = (path: string): string[] => ['cameras', 'images', 'points3D'].map((f) => join(path, `${f}.bin`));
const txt = (path: string): string[] => ['cameras', 'images', 'points3D'].map((f) => join(path, `${f}.txt`));

/** Scenes as `root, images: label=model`, and what was passed over. */
function found(root: string, source = '', images?: string): { scenes: string[]; passed: string[] } {
  const { scenes, passedOver } = discover([join(root, source)], images === undefined ? undefined : join(root, images));
  const rel = (path: string): string => relative(root, path) || '.';
  return {
    scenes: scenes.map((s) =>
      `${rel(s.root)}, ${rel(s.images)}: ${s.models.map((m) => `${m.label}=${rel(m.path)}`).join(' ')}`.trim(),
    ),
    passed: passedOver.map((p) => rel(p.path)).sort(),
  };
}

describe('layouts of models', () => {
  const photos = ['images/a.jpg', 'images/b.jpg'];
  it.each<[string, string[], string, string | undefined, string[], string[]]>([
    ['sparse given with its photos', [...photos, ...bin('sparse/0')], 'sparse', 'images', ['., images: =sparse/0'], []],
    [
      'photos in the folder of the scene',
      ['a.jpg', 'b.jpg', ...bin('sparse/0')],
      '',
      undefined,
      ['., .: =sparse/0'],
      [],
    ],
    [
      'several scenes with their photos in their folders',
      ['x/a.jpg', ...bin('x/sparse/0'), 'y/a.jpg', ...bin('y/sparse/0'), 'z/a.jpg'],
      '',
      undefined,
      ['x, x: =x/sparse/0', 'y, y: =y/sparse/0'],
      ['z'],
    ],
    ['sparse given alone', [...photos, ...bin('sparse/0')], 'sparse', undefined, ['., images: =sparse/0'], []],
    [
      'a model given alone',
      [...photos, ...bin('sparse/0'), ...bin('sparse/1')],
      'sparse/1',
      undefined,
      ['., images: =sparse/1'],
      [],
    ],
    [
      'models of two mappers beside the database',
      [...photos, 'database.db', ...bin('incremental/0'), ...bin('incremental/1'), ...bin('global/0')],
      '',
      undefined,
      ['., images: global/0=global/0 incremental/0=incremental/0 incremental/1=incremental/1'],
      ['database.db'],
    ],
    [
      'what glomap writes',
      [...photos, 'database.db', ...bin('glomap/0')],
      '',
      undefined,
      ['., images: =glomap/0'],
      ['database.db'],
    ],
    [
      'an undistorted copy beside its model',
      [...photos, ...bin('sparse/0'), ...bin('dense/0/sparse'), 'dense/0/images/a.jpg'],
      '',
      undefined,
      ['., images: =sparse/0'],
      ['dense/0/images', 'dense/0/sparse'],
    ],
    [
      'an undistorted model alone',
      [...bin('dense/sparse'), 'dense/images/a.jpg'],
      '',
      undefined,
      ['dense, dense/images: =dense/sparse'],
      [],
    ],
    [
      'dense/0 alone, with photos of the scene',
      [...photos, ...bin('dense/0')],
      '',
      undefined,
      ['., images: =dense/0'],
      [],
    ],
    [
      'one inside another',
      [...photos, ...bin('sparse'), ...bin('sparse/0')],
      '',
      undefined,
      ['., images: =sparse'],
      ['sparse/0'],
    ],
    [
      'text beside binary',
      [...photos, ...bin('sparse/0'), ...txt('sparse/0')],
      '',
      undefined,
      ['., images: =sparse/0'],
      ['sparse/0/cameras.txt'],
    ],
    [
      'what nerfstudio makes of a COLMAP model',
      [...photos, 'transforms.json', ...bin('colmap/sparse/0'), 'colmap/database.db', 'images_2/a.jpg'],
      '',
      undefined,
      ['., images: =colmap/sparse/0'],
      ['colmap/database.db', 'images_2', 'transforms.json'],
    ],
    [
      'scenes with models deeper than before, side by side',
      [...bin('x/rec/sparse/0'), 'x/rec/images/a.jpg', 'y/images/b.jpg', 'z/c.jpg'],
      '',
      undefined,
      ['x/rec, x/rec/images: =x/rec/sparse/0', 'y, y/images:'],
      ['z'],
    ],
    [
      'a part of a model, where none is expected',
      [...photos, 'lists/of/names/images.txt'],
      '',
      undefined,
      ['., images:'],
      ['lists/of/names'],
    ],
    [
      'hidden and system folders',
      [...photos, ...bin('.old/0'), ...bin('@eaDir/0'), ...bin('__MACOSX/sparse/0')],
      '',
      undefined,
      ['., images:'],
      [],
    ],
    ['a model too deep', [...photos, ...bin('1/2/3/4/5/6/7')], '', undefined, ['., images:'], ['1/2/3/4/5/6/7']],
  ])('%s', (_, files, source, images, scenes, passed) => {
    expect(found(tree(files), source, images)).toEqual({ scenes, passed });
  });

  it('is one scene however its parts are given', () => {
    const root = tree([...photos, ...bin('sparse/0'), ...bin('sparse/1')]);
    const { scenes } = discover([root, join(root, 'sparse'), join(root, 'sparse', '1')]);
    expect(scenes.map((s) => s.models.map((m) => m.label))).toEqual([['0', '1']]);
  });

  it('says why it passes over', () => {
    const why = (files: string[]): string[] => discover([tree(files)]).passedOver.map((p) => p.why);
    expect(why([...photos, ...bin('sparse/0'), ...txt('sparse/0')])).toEqual([
      'another model in the same folder is taken (COLMAP folders)',
    ]);
    expect(why([...photos, 'a/b/c/images.bin'])).toEqual(['it lacks cameras.bin']);
    expect(why([...photos, 'a/b/c/model.nvm'])).toEqual([
      `its name is that of ${MODEL_READERS.find((r) => r.format === 'nvm')!.title}, its content is not`,
    ]);
  });

  it('walks every real folder once, whatever links say', () => {
    const root = tree([...photos, ...bin('sparse/0'), 'deep/']);
    for (const at of ['loop', 'images/loop', 'deep/loop', 'sparse/loop']) symlinkSync(root, join(root, at));
    symlinkSync(join(root, 'sparse'), join(root, 'again'));
    symlinkSync(join(root, 'self'), join(root, 'self'));
    expect(
      walkFolders(root)
        .folders.map((f) => relative(root, f.path))
        .sort(),
    ).toEqual(['', 'deep', 'images', 'sparse', 'sparse/0']);
    expect(discover([join(root, 'sparse')], join(root, 'deep')).scenes.map((s) => s.models.length)).toEqual([1]);
  });

  it('stops after so many folders, and says so', () => {
    const root = tree(['a/', 'b/', 'c/']);
    const { folders, left } = walkFolders(root, 3);
    expect(folders).toHaveLength(3);
    expect(left).toEqual([{ path: root, why: expect.stringContaining('more than 3 folders') }]);
  });
});
