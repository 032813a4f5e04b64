import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { convertModels } from '../../../src/main/engine/sfm/convert.ts';
import { readModels } from '../../../src/main/engine/sfm/read.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import type { SparseModel } from '../../../src/main/engine/sfm/model.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
let made = 0;

function put(files: Readonly<Record<string, string | Buffer>>): string {
  const at = join(folder, String((made += 1)));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(at, name)), { recursive: true });
    writeFileSync(join(at, name), text);
  }
  return at;
}

function read(
  format: string,
  path: string,
  photos: readonly string[] = [],
  skipDamaged = false,
): [SparseModel, string[]] {
  const reader = MODEL_READERS.find((r) => r.format === format)!;
  const warnings: string[] = [];
  const sizes = (): readonly [number, number] => [100, 80];
  const models = readModels({ path, reader }, { names: photos, sizes }, (m) => warnings.push(m), { skipDamaged });
  return [models[0]!, warnings];
}

const names = (format: string, path: string, photos?: readonly string[]): string[] =>
  read(format, path, photos)[0].views.map((v) => v.name);

const CAMERA = '1 PINHOLE 100 80 90 90 50 40\n';
/** Two images; point 1 in both, point 2 was removed, point 3 names an image that was removed. */
const PRUNED = {
  'cameras.txt': CAMERA,
  'images.txt': '1 1 0 0 0 0 0 0 1 a.jpg\n10 11 1 12 13 2 14 15 3\n2 1 0 0 0 1 0 0 1 b.jpg\n20 21 1 22 23 2\n',
  'points3D.txt': '1 0 0 5 1 2 3 0.5 1 0 2 0\n3 1 0 5 1 2 3 0.5 1 2 7 0\n',
};

describe('a model that was pruned', () => {
  it('is refused with the way to take the rest, which is counted', async () => {
    const at = put(PRUNED);
    expect(() => read('txt', at)).toThrow(
      expect.objectContaining({ code: 'INPUT_CORRUPT', hint: expect.stringContaining('--skip-damaged') }),
    );
    const [model, warnings] = read('txt', at, [], true);
    expect(warnings).toEqual([
      expect.stringMatching(/left out 2 observations of 3D points/),
      expect.stringMatching(/left out of tracks 1 image/),
    ]);
    expect(Array.from(model.obsXy)).toEqual([10, 11, 14, 15, 20, 21]);
    expect(Array.from(model.obsPoint)).toEqual([0, 1, 0]);
    expect(Array.from(model.pointTrackLength)).toEqual([2, 1]);
    const report = await convertModels(
      at,
      { to: 'colmap-bin', out: join(at, 'out'), skipDamaged: true },
      silentContext(),
    );
    expect(report.models).toMatchObject([{ views: 2, points: 2, observations: 3 }]);
    expect(report.warnings).toHaveLength(2);
    expect(read('bin', join(at, 'out'))[1]).toEqual([]);
  });

  it('other damage stays refused', () => {
    const at = put({ ...PRUNED, 'images.txt': '1 0 0 0 0 0 0 0 1 a.jpg\n\n' });
    expect(() => read('txt', at, [], true)).toThrow(/pose/);
  });
});

describe('names as their programs write them', () => {
  it('COLMAP text: all spaces after the one that separates', () => {
    const image = (name: string): string => `1 1 0 0 0 0 0 0 1 ${name}\n\n`;
    for (const name of ['a b.jpg', 'a  b.jpg', ' a.jpg', 'a.jpg ', 'x/ y.jpg'])
      expect(names('txt', put({ 'cameras.txt': CAMERA, 'images.txt': image(name), 'points3D.txt': '' }))).toEqual([
        name,
      ]);
  });

  it('a name that is no UTF-8 is read as Latin-1, the others as they are', () => {
    const images = Buffer.concat([
      Buffer.from('1 1 0 0 0 0 0 0 1 b\xfccher.jpg\n\n', 'latin1'),
      Buffer.from('2 1 0 0 0 0 0 0 1 bücher.jpg\n\n3 1 0 0 0 0 0 0 1 日本.jpg\n\n'),
    ]);
    const at = put({ 'cameras.txt': CAMERA, 'images.txt': images, 'points3D.txt': '' });
    // Equal once decoded is two images of one name.
    expect(() => names('txt', at)).toThrow(/Two images are named bücher.jpg/);
    const one = put({ 'cameras.txt': CAMERA, 'images.txt': images.subarray(0, 30), 'points3D.txt': '' });
    expect(names('txt', one)).toEqual(['bücher.jpg']);
  });

  it('NVM: quoted, with spaces inside and doubled', () => {
    const nvm = (name: string): string => `NVM_V3\n\n1\n${name}\t90 1 0 0 0 0 0 0 0 0\n\n0\n\n0\n`;
    expect(names('nvm', join(put({ 'm.nvm': nvm('"my photos/a  b.jpg"') }), 'm.nvm'))).toEqual(['my photos/a  b.jpg']);
    expect(names('nvm', join(put({ 'm.nvm': nvm('a  b.jpg') }), 'm.nvm'))).toEqual(['a  b.jpg']);
  });
});

describe('transforms.json without endings', () => {
  const frame = (
    file_path: string,
    m = [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 2],
      [0, 0, 0, 1],
    ],
  ): object => ({
    file_path,
    transform_matrix: m,
  });
  const file = (...frames: object[]): string =>
    join(put({ 'transforms.json': JSON.stringify({ camera_angle_x: 0.69, frames }) }), 'transforms.json');

  it('means the photo of that stem, of the folder that it names', () => {
    const path = file(frame('./train/r_0'), frame('./test/r_0'), frame('train/r_1.png'));
    expect(names('nerfstudio', path, ['test/r_0.png', 'train/r_0.png', 'train/r_1.png'])).toEqual([
      'train/r_0.png',
      'test/r_0.png',
      'train/r_1.png',
    ]);
    expect(names('nerfstudio', file(frame('train/r_9')), ['train/r_0.png'])).toEqual(['train/r_9']);
  });

  it('refuses a stem that several photos have, and a matrix that is no rotation', () => {
    expect(() => names('nerfstudio', file(frame('train/r_0')), ['train/r_0.png', 'train/r_0.jpg'])).toThrow(
      /train\/r_0.png or train\/r_0.jpg/,
    );
    const zero = [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 2],
      [0, 0, 0, 1],
    ];
    expect(() => names('nerfstudio', file(frame('a.png', zero)))).toThrow(/no rotation/);
    const mirror = [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, -1, 2],
      [0, 0, 0, 1],
    ];
    expect(() => names('nerfstudio', file(frame('a.png', mirror)))).toThrow(/no rotation/);
  });
});
