import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { readColmapText } from '../../../src/main/engine/sfm/colmap-text.ts';
import { convertModels } from '../../../src/main/engine/sfm/convert.ts';
import { lines, records } from '../../../src/main/engine/sfm/text-lines.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
let next = 0;

const CAMERAS = '# cameras\n1 SIMPLE_RADIAL 100 80 90 50 40 0.01\n\n2 PINHOLE 60 40 50 51 30 20\n';
const POINTS = '# points\n5 1 2 3 10 20 255 0.5 7 0 9 1\n8 -1 0.25 4 0 0 0 -1 7 2\n';
const IMAGES =
  '# images\n7 1 0 0 0 0.5 0 -1 1 a.jpg\n10 20 5 11 12 -1 30.5 40.25 8\n9 0.5 0.5 0.5 0.5 0 0 1 2 sub/b c.jpg\n1 2 -1 3 4 5\n';

function folderOf(files: { cameras?: string; points?: string; images?: string } = {}): string {
  const at = join(folder, `m${(next += 1)}`);
  mkdirSync(at);
  writeFileSync(join(at, 'cameras.txt'), files.cameras ?? CAMERAS);
  writeFileSync(join(at, 'points3D.txt'), files.points ?? POINTS);
  writeFileSync(join(at, 'images.txt'), files.images ?? IMAGES);
  return at;
}
const wrong = (
  files: Parameters<typeof folderOf>[0],
): { code: string; message: string; offset: number; file: string } => {
  try {
    readColmapText(folderOf(files));
  } catch (error) {
    return error as { code: string; message: string; offset: number; file: string };
  }
  throw new Error('was read');
};

describe("COLMAP's text files", () => {
  it('are read as they say', () => {
    const m = readColmapText(folderOf());
    expect(m.cameras).toEqual([
      { id: 1, model: 'SIMPLE_RADIAL', width: 100, height: 80, params: [90, 50, 40, 0.01] },
      { id: 2, model: 'PINHOLE', width: 60, height: 40, params: [50, 51, 30, 20] },
    ]);
    expect(m.views).toEqual([
      { imageId: 7, name: 'a.jpg', cameraId: 1, rotation: [1, 0, 0, 0], translation: [0.5, 0, -1] },
      { imageId: 9, name: 'sub/b c.jpg', cameraId: 2, rotation: [0.5, 0.5, 0.5, 0.5], translation: [0, 0, 1] },
    ]);
    expect([...m.viewOffsets]).toEqual([0, 2, 3]);
    expect([...m.obsPoint]).toEqual([0, 1, 0]);
    expect([...m.obsXy]).toEqual([10, 20, 30.5, 40.25, 3, 4]);
    expect([...m.pointXyz]).toEqual([1, 2, 3, -1, 0.25, 4]);
    expect([...m.pointRgb]).toEqual([10, 20, 255, 0, 0, 0]);
    expect([...m.pointError]).toEqual([0.5, -1]);
    expect([...m.pointTrackLength]).toEqual([2, 1]);
  });

  it('may have images that see nothing: their second line is empty', () => {
    const images = '7 1 0 0 0 0 0 0 1 a.jpg\n\n9 1 0 0 0 0 0 0 1 b.jpg\n1 2 5\n';
    const m = readColmapText(folderOf({ images, points: '5 1 2 3 1 1 1 0 9 0\n' }));
    expect([...m.viewOffsets]).toEqual([0, 0, 1]);
    expect(wrong({ images: '7 1 0 0 0 0 0 0 1 a.jpg' })).toMatchObject({ code: 'INPUT_TRUNCATED', offset: 0 });
  });

  it('are refused with file, place and reason', () => {
    expect(wrong({ cameras: '1 STRANGE 1 1 1\n' })).toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      message: expect.stringContaining('Camera model STRANGE'),
    });
    expect(wrong({ cameras: '1 PINHOLE 60 40 50 51 30\n' })).toMatchObject({
      code: 'INPUT_TRUNCATED',
      message: 'The line ends before a camera parameter',
    });
    expect(wrong({ cameras: '1 PINHOLE 60 40 50 51 30 20 1\n' })).toMatchObject({
      code: 'INPUT_CORRUPT',
      message: 'PINHOLE takes 4 parameters, the line has 5',
    });
    expect(wrong({ cameras: `${CAMERAS}x PINHOLE 60 40 50 51 30 20\n` })).toMatchObject({
      code: 'INPUT_CORRUPT',
      message: 'A camera id is "x", not a number',
      offset: CAMERAS.length,
    });
    expect(wrong({ cameras: '1.5 PINHOLE 60 40 50 51 30 20\n' })).toMatchObject({
      message: 'A camera id is 1.5, not an id or a count',
    });
    expect(wrong({ cameras: '-1 PINHOLE 60 40 50 51 30 20\n' })).toMatchObject({ code: 'INPUT_CORRUPT' });
    expect(wrong({ points: '5 1 2 3 10 20 256 0.5\n' })).toMatchObject({ message: 'A colour is 256, above 255' });
    expect(wrong({ points: '5 1 2 3 10 20 255 0.5 7\n' })).toMatchObject({
      code: 'INPUT_TRUNCATED',
      message: 'A track ends after an image id',
    });
    expect(wrong({ points: '5 1 2 3 10 20 255\n' })).toMatchObject({ code: 'INPUT_TRUNCATED' });
    expect(wrong({ points: '5 1 2 3 10 20 255 0.5 77 0\n8 0 0 0 0 0 0 0\n' })).toMatchObject({
      message: expect.stringContaining('image 77'),
    });
    expect(wrong({ images: '7 1 0 0 0 0.5 0 -1 1 a.jpg\n10 20\n' })).toMatchObject({
      code: 'INPUT_TRUNCATED',
      message: expect.stringContaining('record of three'),
    });
    expect(wrong({ images: '7 1 0 0 0 0.5 0 -1 1 a.jpg\n10 20 6\n' })).toMatchObject({
      message: expect.stringContaining('3D point 6'),
      offset: 27,
    });
    expect(wrong({ images: '7 1 0 0 0 0.5 0 -1 1\n\n' })).toMatchObject({
      message: expect.stringContaining('no name'),
    });
    expect(wrong({ images: '7 1 0 0 0 0.5 0\n\n' })).toMatchObject({
      code: 'INPUT_TRUNCATED',
      message: 'The line ends before tz',
    });
  });
});

describe('lines of a text file', () => {
  it('come with the byte at which they begin, also across what is read at once', () => {
    const file = join(folder, 'lines.txt');
    const long = 'é'.repeat(700_000);
    writeFileSync(file, `a\r\n\n${long}\nlast`);
    expect([...lines(file)].map((l) => [l.text.length, l.offset])).toEqual([
      [1, 0],
      [0, 3],
      [700_000, 4],
      [4, 4 + 1_400_000 + 1],
    ]);
    writeFileSync(file, '# no\n  \n a  b\tc \n');
    expect([...records(file)]).toEqual([{ fields: ['a', 'b', 'c'], offset: 8 }]);
    writeFileSync(file, Buffer.from([0x61, 0x0a, 0xff, 0x0a]));
    // No UTF-8, so Latin-1: one name of another encoding does not refuse a model.
    expect([...lines(file)]).toEqual([
      { text: 'a', offset: 0 },
      { text: 'ÿ', offset: 2 },
    ]);
    writeFileSync(file, '');
    expect([...lines(file)]).toEqual([]);
  });
});

describe('what Covis writes', () => {
  const single = IMAGES.replace('sub/b c.jpg', 'sub/b.jpg');
  const convert = async (to: 'colmap-txt' | 'colmap-bin' | 'nvm' | 'bundler', images = single): Promise<string> => {
    const root = folderOf({ images });
    mkdirSync(join(root, 'images'));
    const out = join(root, 'out');
    const report = await convertModels(root, { to, out, images: join(root, 'images') }, silentContext());
    expect(report.models).toMatchObject([{ views: 2, points: 2, observations: 3 }]);
    return out;
  };
  const text = (...path: string[]): string[] =>
    readFileSync(join(...path), 'utf8')
      .split('\n')
      .filter((l) => l !== '' && !l.startsWith('# '));

  it("is COLMAP's text, number by number", async () => {
    const out = await convert('colmap-txt');
    expect(text(out, 'cameras.txt')).toEqual(['1 SIMPLE_RADIAL 100 80 90 50 40 0.01', '2 PINHOLE 60 40 50 51 30 20']);
    expect(text(out, 'images.txt')).toEqual([
      '7 1 0 0 0 0.5 0 -1 1 a.jpg',
      '10 20 1 30.5 40.25 2',
      '9 0.5 0.5 0.5 0.5 0 0 1 2 sub/b.jpg',
      '3 4 1',
    ]);
    expect(text(out, 'points3D.txt')).toEqual(['1 1 2 3 10 20 255 0.5 7 0 9 0', '2 -1 0.25 4 0 0 0 -1 7 1']);
    await expect(convert('colmap-txt', IMAGES)).rejects.toMatchObject({ code: 'INPUT_UNSUPPORTED' });
  });

  it('is NVM: focal, quaternion, centre, distortion with the other sign', async () => {
    const out = await convert('nvm', IMAGES);
    expect(readFileSync(join(out, 'model.nvm'), 'utf8').split('\n')).toEqual([
      'NVM_V3',
      '',
      '2',
      'a.jpg 90 1 0 0 0 -0.5 0 1 -0.01 0',
      // -Rᵀt with R the turn that takes x to y, y to z and z to x.
      expect.stringMatching(/^sub\/b c.jpg 50.5 0.5 0.5 0.5 0.5 -?0 -1 -?0 0 0$/),
      '',
      '2',
      '1 2 3 10 20 255 2 0 0 10 20 1 0 3 4',
      '-1 0.25 4 0 0 0 1 0 1 30.5 40.25',
      '',
      '0',
      '',
    ]);
  });

  it('is Bundler: y and z turned, keypoints from the principal point', async () => {
    const out = await convert('bundler');
    const plain = text(out, 'bundle.out').map((l) => l.replaceAll('-0 ', '0 ').replace(/-0$/, '0'));
    expect(plain).toEqual([
      '2 2',
      '90 0.01 0',
      '1 0 0',
      '0 -1 0',
      '0 0 -1',
      '0.5 0 1',
      '50.5 0 0',
      '0 0 1',
      '-1 0 0',
      '0 -1 0',
      '0 0 -1',
      '1 2 3',
      '10 20 255',
      '2 0 0 -40 20 1 0 -27 16',
      '-1 0.25 4',
      '0 0 0',
      '1 0 1 -19.5 -0.25',
    ]);
    expect(text(out, 'list.txt')).toEqual(['a.jpg', 'sub/b.jpg']);
  });
});
