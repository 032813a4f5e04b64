import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSketchSet, type SketchOptions } from '../../../src/main/engine/evaluation/sketches.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
/** Empty files: a protocol is read from names alone. */
function files(root: string, names: readonly string[]): string {
  const at = join(folder, root);
  for (const name of names) {
    mkdirSync(join(at, name, '..'), { recursive: true });
    writeFileSync(join(at, name), '');
  }
  return at;
}
const read = (o: Pick<SketchOptions, 'layout' | 'photos'> & Partial<SketchOptions>): ReturnType<typeof readSketchSet> =>
  readSketchSet(o as SketchOptions);

describe('drawings of pairs', () => {
  it('ask for the photo of their name, a number at the end apart; those of train/ are learned from', () => {
    const root = files('pairs', [
      'test/photos/a.jpg',
      'test/photos/b_2.png',
      'test/photos/c.jpg',
      'test/sketches/c_1.png',
      'test/sketches/a.png',
      'test/sketches/b_2.svg',
      'test/sketches/notes.txt',
      'train/images/x.jpg',
      'train/sketch/x_10.png',
    ]);
    const set = read({ layout: 'pairs', photos: root });
    expect(set.protocol).toBe('acc');
    expect(set.photos.map((p) => basename(p))).toEqual(['a.jpg', 'b_2.png', 'c.jpg']);
    expect(set.truth.queries.map((q) => [q.name, q.labels.ok])).toEqual([
      ['a.png', [0]],
      ['b_2.svg', [1]],
      ['c_1.png', [2]],
    ]);
    expect(set.training.map((t) => [basename(t.drawing.file), basename(t.photo)])).toEqual([['x_10.png', 'x.jpg']]);
    expect(
      read({ layout: 'pairs', photos: files('pairs2', ['test/photos/a.jpg', 'test/sketches/a.png']) }).training,
    ).toEqual([]);
  });

  it('are refused without folders or photos', () => {
    expect(() => read({ layout: 'pairs', photos: files('p3', ['test/photos/a.jpg']) })).toThrow(/no test\/sketches/);
    expect(() => read({ layout: 'pairs', photos: files('p4', ['test/photos/a.jpg', 'test/sketches/z.png']) })).toThrow(
      /no photo of its name/,
    );
    expect(() => read({ layout: 'pairs', photos: join(folder, 'nowhere') })).toThrow(
      expect.objectContaining({ code: 'INPUT_MISSING' }),
    );
  });
});

describe('drawings of classes', () => {
  it('ask for the photos of their class, which lie in folders beside them or elsewhere', () => {
    const root = files('classes', [
      'cat/one/1.jpg',
      'cat/one/2.jpg',
      'cat/sketch.png',
      'dog/any/3.jpg',
      'dog/d1.png',
      'dog/d2.png',
      'empty/lonely.png',
      '.hidden/x/4.jpg',
    ]);
    const set = read({ layout: 'classes', photos: root });
    expect(set.protocol).toBe('oxford');
    expect(set.photos.map((p) => relative(root, p))).toEqual(
      ['cat/one/1.jpg', 'cat/one/2.jpg', 'dog/any/3.jpg'].map((p) => join(p)),
    );
    // A class without photos asks nothing.
    expect(set.truth.queries.map((q) => [q.name, q.labels.ok])).toEqual([
      ['cat/sketch.png', [0, 1]],
      ['dog/d1.png', [2]],
      ['dog/d2.png', [2]],
    ]);
    const photos = files('photos', ['cat/1.jpg', 'dog/2.jpg']);
    const sketches = files('sketches', ['cat/a.png', 'dog/b.png']);
    expect(read({ layout: 'classes', photos, sketches }).truth.queries.map((q) => [q.name, q.labels.ok])).toEqual([
      ['cat/a.png', [0]],
      ['dog/b.png', [1]],
    ]);
  });

  it('are no protocol of one class, or without drawings', () => {
    expect(() => read({ layout: 'classes', photos: files('c1', ['cat/x/1.jpg', 'cat/s.png']) })).toThrow(
      /1 classes with 1 photo and 1 drawings/,
    );
    expect(() => read({ layout: 'classes', photos: files('c2', ['cat/x/1.jpg', 'dog/x/1.jpg']) })).toThrow(
      /2 classes with 2 photos and 0 drawings/,
    );
  });
});

describe('drawings of a ground truth', () => {
  it('and photos are found by name, with or without folders and endings', () => {
    const photos = files('f-photos', ['a/one.jpg', 'two.png']);
    const sketches = files('f-sketches', ['10/s1.png']);
    const truth = join(folder, 'gnd.json');
    writeFileSync(truth, JSON.stringify({ imlist: ['two', 'one'], qimlist: ['s1'], gnd: [{ ok: [1] }] }));
    const set = read({ layout: 'flickr15k', photos, sketches, truth });
    expect(set.photos.map((p) => basename(p))).toEqual(['two.png', 'one.jpg']);
    expect(set.drawings.map((d) => basename(d.file))).toEqual(['s1.png']);
    writeFileSync(truth, JSON.stringify({ imlist: ['two', 'three'], qimlist: ['s1'], gnd: [{ ok: [1] }] }));
    expect(() => read({ layout: 'flickr15k', photos, sketches, truth })).toThrow(
      /1 of 2 images are not there, the first is three/,
    );
    expect(() => read({ layout: 'flickr15k', photos, sketches })).toThrow(/needs a ground truth/);
  });
});
