import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import type { SparseModel } from '../../../src/main/engine/sfm/model.ts';
import { readModels } from '../../../src/main/engine/sfm/read.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { importWork } from '../../../src/main/engine/work/import.ts';
import { writePhoto } from '../../support/colmap.ts';
import { openMvg, opensfm } from '../../support/foreign-models.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
let made = 0;

function put(files: Readonly<Record<string, string>>): string {
  const at = join(folder, String((made += 1)));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(at, name)), { recursive: true });
    writeFileSync(join(at, name), text);
  }
  return at;
}

/** Reads with photos of 100 x 80 pixels for these names alone. */
function read(
  path: string,
  format: string,
  skipDamaged: boolean,
  photos = ['a.jpg', 'b.jpg'],
): [SparseModel, string[]] {
  const reader = MODEL_READERS.find((r) => r.format === format)!;
  const warnings: string[] = [];
  const sizes = (name: string): readonly [number, number] | undefined =>
    photos.includes(name) ? [100, 80] : undefined;
  const models = readModels({ path, reader }, { names: photos, sizes }, (m) => warnings.push(m), { skipDamaged });
  return [models[0]!, warnings];
}

const WAY_OUT = {
  code: 'INPUT_CORRUPT',
  hint: 'If another program has pruned this model, --skip-damaged takes the rest and says how much was left out.',
};

/** Two images, two points; image 2 was removed, which the first point's track still names. */
const NVM = `NVM_V3

2
a.jpg 90 1 0 0 0 0 0 0 0 0
b.jpg 90 1 0 0 0 1 0 0 0 0

2
0 0 5 1 2 3 3 0 0 10 11 1 0 20 21 2 0 30 31
1 0 5 1 2 3 1 1 1 22 23
`;
const BUNDLE = `# Bundle file v0.3
2 2
90 0 0
1 0 0
0 1 0
0 0 1
0 0 0
90 0 0
1 0 0
0 1 0
0 0 1
1 0 0
0 0 -5
1 2 3
3 0 0 -40 29 1 0 -30 19 2 0 -20 9
1 0 -5
1 2 3
1 1 1 -28 17
`;

describe('a model of another program that was pruned', () => {
  it.each([
    [
      'nvm',
      'm.nvm',
      { 'm.nvm': NVM },
      'A point is seen in image 2, and the model has 2',
      'observations of images that the model does not have',
    ],
    [
      'bundler',
      'bundle.out',
      { 'bundle.out': BUNDLE, 'list.txt': 'a.jpg\nb.jpg\n' },
      'A point is seen by camera 2, and the model has 2',
      'observations of cameras that the model does not have',
    ],
  ])('as %s is refused with the way to take the rest, which is counted', (format, name, files, said, what) => {
    const path = join(put(files), name);
    expect(() => read(path, format, false)).toThrow(expect.objectContaining({ ...WAY_OUT, message: said, file: path }));
    const [model, warnings] = read(path, format, true);
    expect(warnings).toEqual([`${path}: left out 1 ${what}`]);
    expect(Array.from(model.obsXy)).toEqual([10, 11, 20, 21, 22, 23]);
    expect(Array.from(model.obsPoint)).toEqual([0, 0, 1]);
    expect(Array.from(model.viewOffsets)).toEqual([0, 1, 3]);
    expect(Array.from(model.pointTrackLength)).toEqual([2, 1]);
  });

  it('as OpenMVG: a view that is gone, and an intrinsic that is', () => {
    const at = put({});
    mkdirSync(at, { recursive: true });
    const path = join(at, 'sfm_data.json');
    openMvg(path);
    const whole = JSON.parse(readFileSync(path, 'utf8')) as {
      views: { key: number; value: { ptr_wrapper: { data: { id_view: number; id_intrinsic: number } } } }[];
      structure: { value: { observations: object[] } }[];
    };
    const { observations } = whole.structure[0]!.value;
    observations.push({ key: 9, value: { id_feat: 1, x: [1, 2] } }, { key: 2, value: { id_feat: 1, x: [3, 4] } });
    writeFileSync(path, JSON.stringify(whole));
    expect(() => read(path, 'openmvg', false)).toThrow(
      expect.objectContaining({ ...WAY_OUT, message: 'A point is seen in view 9, which the model does not have' }),
    );
    const [model, warnings] = read(path, 'openmvg', true);
    expect(warnings).toEqual([
      `${path}: left out 1 observations of views that the model does not have`,
      `${path}: left out 1 observations of views that are not registered`,
    ]);
    expect(Array.from(model.obsXy)).toEqual([50, 40, 5, 6]);

    observations.splice(2);
    whole.views[1]!.value.ptr_wrapper.data.id_intrinsic = 7;
    writeFileSync(path, JSON.stringify(whole));
    expect(() => read(path, 'openmvg', false)).toThrow(
      expect.objectContaining({ ...WAY_OUT, message: 'View 1 has a pose, and its intrinsic 7 is not in the model' }),
    );
    const [rest, more] = read(path, 'openmvg', true);
    expect(more).toEqual([
      `${path}: left out 1 views whose intrinsics the model does not have`,
      `${path}: left out 1 observations of views that are not registered`,
    ]);
    expect(rest.views.map((v) => v.name)).toEqual(['v0.jpg']);
    expect(Array.from(rest.obsXy)).toEqual([50, 40]);
  });

  it('as nerfstudio: a frame whose photo, which alone says how large it is, is gone', () => {
    const frame = (file_path: string, x: number): object => ({
      file_path,
      transform_matrix: [
        [1, 0, 0, x],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
      ],
    });
    const path = join(
      put({
        'transforms.json': JSON.stringify({
          camera_angle_x: 0.8,
          frames: [frame('a.jpg', 0), frame('gone.jpg', 1), frame('b.jpg', 2)],
        }),
      }),
      'transforms.json',
    );
    expect(() => read(path, 'nerfstudio', false)).toThrow(
      expect.objectContaining({
        ...WAY_OUT,
        message: 'Its frames[1] has no size (w, h), and its photo is not at hand',
      }),
    );
    const [model, warnings] = read(path, 'nerfstudio', true);
    expect(model.views.map((v) => [v.name, v.translation[0]])).toEqual([
      ['a.jpg', -0],
      ['b.jpg', -2],
    ]);
    expect(warnings).toContain(`${path}: left out 1 frames without a size, whose photos are not at hand`);
  });

  it('as OpenSfM: tracks of what is in no model are usual, points without a track are counted', () => {
    const at = put({});
    mkdirSync(at, { recursive: true });
    const path = join(at, 'reconstruction.json');
    opensfm(path);
    const tracks = readFileSync(join(at, 'tracks.csv'), 'utf8');
    const [, none] = read(path, 'opensfm', false);
    expect(none).toEqual([]);
    const of = tracks
      .split('\n')
      .find((l) => l.includes('\t'))!
      .split('\t')[1]!;
    const without = tracks.split('\n').filter((l) => l.split('\t')[1] !== of);
    writeFileSync(join(at, 'tracks.csv'), [...without, 'elsewhere.jpg\t99999\t0\t0\t0\t0.1\t1\t1\t1'].join('\n'));
    const [model, warnings] = read(path, 'opensfm', false);
    expect(warnings).toEqual([
      `${join(at, 'tracks.csv')} has no observation of 1 of the ${model.pointTrackLength.length} points of ${path}`,
    ]);
  });

  it('other damage stays refused', () => {
    const path = join(put({ 'm.nvm': NVM.replace('2 0 30 31', '-2 0 30 31') }), 'm.nvm');
    expect(() => read(path, 'nvm', true)).toThrow('An image index is -2');
  });
});

it('an import takes the rest where that is asked, and what was damaged in the library is made again of it', async () => {
  const at = put({ 'm.nvm': NVM });
  for (const [i, name] of ['a.jpg', 'b.jpg'].entries()) await writePhoto(join(at, name), 300 + i);
  const library = Library.create(join(folder, 'library'));
  const given = { sources: [join(at, 'm.nvm')] };
  await expect(importWork.run(library, given, silentContext())).rejects.toMatchObject(WAY_OUT);
  const report = await importWork.run(library, { ...given, skipDamaged: true }, silentContext());
  expect(report).toMatchObject({ clusters: 1, points: 2, observations: 3, pairs: 1 });
  expect(report.warnings).toContainEqual(expect.stringContaining('left out 1 observations of images'));
  const uid = library.db.prepare('SELECT uid FROM cluster').pluck().get() as string;
  const arrays = library.file('clusters', uid, 'observation_xy.npy');
  const whole = readFileSync(arrays);
  writeFileSync(arrays, 'damaged');
  const { restoreCluster } = await import('../../../src/main/engine/sfm/restore.ts');
  await restoreCluster(library, uid, silentContext());
  expect(readFileSync(arrays)).toEqual(whole);
  library.close();
});
