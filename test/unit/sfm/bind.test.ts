import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { bindModel, type PhotoThere } from '../../../src/main/engine/sfm/bind.ts';
import { shapeOf, shapesSaid, storedSize } from '../../../src/main/engine/sfm/shapes.ts';

const photo = (name: string, width = 160, height = 120, orientation = 1): PhotoThere => ({
  name,
  file: { hash: name, width, height, orientation },
});
const views = (...names: string[]): { name: string; size: readonly [number, number] }[] =>
  names.map((name) => ({ name, size: [160, 120] }));

describe('photos of a model', () => {
  it('are those of the folders that it names', () => {
    const b = bindModel(views('cam0/1.jpg', 'cam1/1.jpg'), [photo('cam0/1.jpg'), photo('cam2/1.jpg')]);
    expect(b).toMatchObject({ photoOf: ['cam0/1.jpg', undefined], bound: 1, missing: ['cam1/1.jpg'], ambiguous: [] });
  });

  it('are never one file for two images', () => {
    const there = [photo('1.jpg')];
    expect(bindModel(views('1.jpg', 'x/1.jpg'), there)).toMatchObject({
      photoOf: ['1.jpg', undefined],
      ambiguous: [{ name: 'x/1.jpg', among: ['1.jpg'] }],
    });
    expect(bindModel(views('x/1.jpg', 'y/1.jpg'), there)).toMatchObject({ bound: 0, missing: [] });
    expect(bindModel(views('x/y/1.jpg', 'y/1.jpg'), there)).toMatchObject({ bound: 0, missing: [] });
    expect(bindModel(views('y/1.jpg'), there)).toMatchObject({ photoOf: ['1.jpg'] });
    const draw = random(5);
    const name = (): string =>
      [...Array.from({ length: draw.below(3) }, () => 'xy'[draw.below(2)]), `${draw.below(2)}.jpg`].join('/');
    for (let round = 0; round < 500; round += 1) {
      const photos = [...new Set(Array.from({ length: 4 }, name))].map((n) => photo(n));
      const { photoOf, bound, missing, ambiguous } = bindModel(
        views(...new Set(Array.from({ length: 6 }, name))),
        photos,
      );
      const had = photoOf.filter((p) => p !== undefined);
      expect(new Set(had).size).toBe(had.length);
      expect(bound + missing.length + ambiguous.length).toBe(photoOf.length);
    }
  });

  it('are no thumbnails, and a file that cannot be read is nobody else', () => {
    const small = bindModel(views('a.jpg'), [photo('thumbs/a.jpg', 40, 30)]);
    expect(small).toMatchObject({ bound: 0, missing: ['a.jpg'], copies: [{ name: 'a.jpg', photo: 'thumbs/a.jpg' }] });
    expect(bindModel(views('a.jpg'), [photo('cam/a.jpg')]).photoOf).toEqual(['cam/a.jpg']);
    expect(bindModel(views('a.jpg'), [photo('a.jpg', 40, 30)]).photoOf).toEqual(['a.jpg']);
    const unread = bindModel(views('a.jpg'), [{ name: 'a.jpg', file: undefined }, photo('cam/a.jpg')]);
    expect(unread).toMatchObject({ photoOf: [undefined], missing: ['a.jpg'] });
  });

  it('keep spaces and either normal form', () => {
    const b = bindModel(views('M\u00fcller  1 .jpg', 'b.jpg'), [photo('Mu\u0308ller  1 .jpg'), photo(' b.jpg')]);
    expect(b.photoOf).toEqual(['Mu\u0308ller  1 .jpg', undefined]);
  });
});

describe('the shape of a photo against its camera', () => {
  const file = (
    width: number,
    height: number,
    orientation = 1,
  ): { width: number; height: number; orientation: number } => ({
    width,
    height,
    orientation,
  });
  it.each([
    ['same', [160, 120], file(160, 120)],
    // EXIF turns it for display; the model was made of the file's own pixels.
    ['same', [160, 120], file(120, 160, 6)],
    ['turned', [120, 160], file(120, 160, 6)],
    ['turned', [160, 120], file(120, 160)],
    ['turned', [160, 120], file(60, 80)],
    ['resized', [160, 120], file(80, 60)],
    ['resized', [1024, 683], file(1600, 1067)],
    ['resized', [4032, 3024], file(1000, 750)],
    ['other', [160, 120], file(90, 160)],
    ['other', [160, 120], file(160, 90)],
    ['other', [160, 120], file(120, 120)],
  ] as const)('%s: camera %j, photo %j', (shape, camera, photo) => expect(shapeOf(camera, photo)).toBe(shape));

  it('is said once a kind, with the first few', () => {
    const one = (name: string, shape: 'other' | 'turned' | 'resized') =>
      ({ name, shape, camera: [160, 120], photo: [90, 160], byExif: shape === 'turned' }) as const;
    expect(storedSize(file(120, 160, 8))).toEqual([160, 120]);
    const said = shapesSaid('castle', [
      ...['a', 'b', 'c', 'd'].map((n) => one(n, 'other')),
      one('e', 'turned'),
      one('f', 'resized'),
    ]);
    expect(said).toHaveLength(3);
    expect(said[0]).toMatch(
      /^castle: 4 photos have another shape .*: a \(90 x 160; camera 160 x 120\), b .*, c .*, …$/,
    );
    expect(said[1]).toMatch(/1 photo lies turned.*e \(90 x 160, turned by EXIF;/);
    expect(said[2]).toMatch(/1 photo is resized/);
    expect(shapesSaid('castle', [])).toEqual([]);
  });
});
