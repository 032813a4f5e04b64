import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { shapeOf, shapesSaid, storedSize, type Misshapen } from '../../../src/main/engine/sfm/shapes.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

describe('a photo against its camera', () => {
  it('has its pixels as they are stored, which five to eight of EXIF turn', () => {
    for (const orientation of [1, 2, 3, 4])
      expect(storedSize({ width: 100, height: 80, orientation })).toEqual([100, 80]);
    for (const orientation of [5, 6, 7, 8])
      expect(storedSize({ width: 100, height: 80, orientation })).toEqual([80, 100]);
  });

  it.each([
    // Camera, photo as displayed, orientation.
    ['same', [100, 80], [100, 80], 1],
    ['same', [100, 80], [80, 100], 6],
    ['turned', [100, 80], [80, 100], 1],
    ['turned', [100, 80], [100, 80], 8],
    // Exchanged to the pixel is turned, though each side is within a pixel of what it should be.
    ['turned', [101, 100], [100, 101], 1],
    ['resized', [100, 100], [100, 101], 1],
    ['resized', [100, 80], [50, 40], 1],
    ['resized', [100, 80], [1000, 800], 1],
    // Within a pixel of the smaller one: 4000 x 3000 at a third is 1333 x 1000, at a side of 1024 it is 1024 x 768.
    ['resized', [4000, 3000], [1333, 1000], 1],
    ['resized', [1333, 1000], [4000, 3000], 1],
    ['resized', [4000, 3000], [1024, 767], 1],
    ['other', [4000, 3000], [1024, 766], 1],
    ['resized', [4000, 3000], [1024, 769], 1],
    ['other', [4000, 3000], [1024, 770], 1],
    ['other', [1024, 770], [4000, 3000], 1],
    ['turned', [4000, 3000], [768, 1024], 1],
    ['turned', [4000, 3000], [767, 1024], 1],
    ['other', [4000, 3000], [766, 1024], 1],
    ['other', [100, 80], [100, 60], 1],
    ['other', [100, 80], [60, 100], 6],
    // A square has the shape of itself, however it lies.
    ['same', [64, 64], [64, 64], 6],
    ['resized', [64, 64], [32, 32], 6],
    // One side is within a pixel though the other is not: a long strip.
    ['resized', [3000, 30], [1000, 10], 1],
    ['resized', [3000, 30], [1040, 10], 1],
    ['other', [3000, 30], [1040, 13], 1],
  ] as const)('is %s: camera %j, photo %j, orientation %i', (shape, camera, [width, height], orientation) => {
    expect(shapeOf(camera, { width, height, orientation })).toBe(shape);
  });

  it('is told by one sentence a kind, the worst first, with the first three', () => {
    const one = (name: string, shape: Misshapen['shape'], byExif = false): Misshapen => ({
      name,
      shape,
      camera: [100, 80],
      photo: [50, 60],
      byExif,
    });
    const facts = '(50 x 60; camera 100 x 80)';
    expect(shapesSaid('M', [])).toEqual([]);
    expect(shapesSaid('M', [one('a', 'resized'), one('b', 'turned', true), one('c', 'other')])).toEqual([
      `M: 1 photo has another shape than its camera, so that points of the model fall in wrong places of them: c ${facts}`,
      'M: 1 photo lies turned against its camera, so that points of the model fall in wrong places of them: b (50 x 60, turned by EXIF; camera 100 x 80)',
      `M: 1 photo is resized against the camera of the model, in the same shape: a ${facts}`,
    ]);
    const many = (n: number, shape: Misshapen['shape']): string[] =>
      shapesSaid(
        'M',
        Array.from({ length: n }, (_, i) => one(String(i), shape)),
      );
    const three = ['0', '1', '2'].map((name) => `${name} ${facts}`).join(', ');
    expect(many(3, 'turned')).toEqual([
      `M: 3 photos lie turned against their camera, so that points of the model fall in wrong places of them: ${three}`,
    ]);
    expect(many(4, 'other')).toEqual([
      `M: 4 photos have another shape than their camera, so that points of the model fall in wrong places of them: ${three}, …`,
    ]);
    expect(many(5, 'resized')).toEqual([
      `M: 5 photos are resized against the camera of the model, in the same shape: ${three}, …`,
    ]);
  });

  it('is said when a model is imported whose cameras are of another size', async () => {
    const at = join(folder, 'scene');
    const sees = [1, 2, 3];
    writeTextModel(join(at, 'sparse'), {
      images: ['a', 'b', 'c', 'd', 'e', 'f', 'gone'].map((name, i) => ({
        name: `${name}.jpg`,
        at: [i / 10, 0, 0],
        sees,
      })),
      points: somePoints(3),
      size: [100, 80],
    });
    for (const [i, [name, size]] of (
      [
        ['a', [100, 80]],
        ['b', [50, 40]],
        ['c', [80, 100]],
        ['d', [90, 50]],
      ] as const
    ).entries())
      await writePhoto(join(at, 'images', `${name}.jpg`), i, size);
    // Turned by EXIF: what is stored lies turned against the camera, though what is displayed does not.
    await writePhoto(join(at, 'images', 'e.jpg'), 5, [80, 100], 5);
    await writePhoto(join(at, 'images', 'f.jpg'), 6, [80, 100], 4);
    const library = Library.create(join(folder, 'library'));
    const warnings: string[] = [];
    await importSources(library, { sources: [at] }, { ...silentContext(), warn: (m) => warnings.push(m) });
    library.close();
    expect(warnings.filter((m) => / (shape|turned) /.test(m) || m.includes('resized'))).toEqual([
      'scene: 1 photo has another shape than its camera, so that points of the model fall in wrong places of them: d.jpg (90 x 50; camera 100 x 80)',
      'scene: 3 photos lie turned against their camera, so that points of the model fall in wrong places of them: c.jpg (80 x 100; camera 100 x 80), e.jpg (80 x 100, turned by EXIF; camera 100 x 80), f.jpg (80 x 100; camera 100 x 80)',
      'scene: 1 photo is resized against the camera of the model, in the same shape: b.jpg (50 x 40; camera 100 x 80)',
    ]);
  });
});
