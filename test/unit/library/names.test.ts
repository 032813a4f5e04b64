import { describe, expect, test } from 'vitest';
import { bindNames, nameIndex, type NamedPhoto } from '../../../src/main/engine/library/names.ts';

const index = (names: readonly string[], endings?: 'optional'): ((name: string) => string | undefined) => {
  const photos = names.map((name) => ({ name }));
  const find = nameIndex(photos, endings);
  return (name) => {
    const found = find(name);
    return found.kind === 'found' ? names[found.at] : found.kind === 'missing' ? undefined : 'ambiguous';
  };
};

describe('which photo a name means', () => {
  test('folders that both sides have must agree', () => {
    const find = index(['cam0/a.jpg', 'flat.jpg']);
    expect(find('cam0/a.jpg')).toBe('cam0/a.jpg');
    expect(find('a.jpg')).toBe('cam0/a.jpg');
    expect(find('rig/cam0/a.jpg')).toBe('cam0/a.jpg');
    expect(find('cam1/a.jpg')).toBeUndefined();
    expect(find('rig/cam1/a.jpg')).toBeUndefined();
    expect(find('/home/someone/flat.jpg')).toBe('flat.jpg');
    expect(find('b.jpg')).toBeUndefined();
    expect(find('')).toBeUndefined();
  });

  test('what fits several photos is none of them, unless its whole path is one', () => {
    const find = index(['a.jpg', 'x/a.jpg', 'x/b.jpg', 'y/b.jpg', 'q/y/b.jpg']);
    expect(find('a.jpg')).toBe('a.jpg');
    expect(find('b.jpg')).toBe('ambiguous');
    expect(find('y/b.jpg')).toBe('y/b.jpg');
    expect(find('C:\\data\\q\\y\\b.jpg')).toBe('q/y/b.jpg');
  });

  test('a path of another machine means the photo with the longest equal end, where one alone has it', () => {
    const find = index(['a.jpg', 'x/b.jpg', 'y/b.jpg', 'y/z/b.jpg', 'q/y/z/c.jpg', 'r/z/c.jpg']);
    for (const name of ['a.jpg', './a.jpg', '/home/a.jpg', '/home/me/a.jpg']) expect(find(name)).toBe('a.jpg');
    expect(find('C:\\m\\x\\b.jpg')).toBe('x/b.jpg');
    expect(find('m/y/z/b.jpg')).toBe('y/z/b.jpg');
    expect(find('y/z/c.jpg')).toBe('q/y/z/c.jpg');
    expect(find('b.jpg')).toBe('ambiguous');
    expect(find('z/c.jpg')).toBe('ambiguous');
    // Every b.jpg is in a folder, and none in this one.
    expect(find('m/b.jpg')).toBeUndefined();
  });

  test('normal forms of Unicode are one name; spaces are part of it', () => {
    expect(index(['Mu\u0308ller.jpg'])('M\u00fcller.jpg')).toBe('Mu\u0308ller.jpg');
    const find = index(['a  b.jpg', 'a b.jpg', ' c.jpg']);
    expect(find('a  b.jpg')).toBe('a  b.jpg');
    expect(find('a b.jpg')).toBe('a b.jpg');
    expect(find('c.jpg')).toBeUndefined();
  });

  test('`.`, `..` and backslashes are followed', () => {
    const find = index(['x/a.jpg']);
    for (const name of ['./x/a.jpg', 'x\\a.jpg', '../x/a.jpg', 'z/../x/a.jpg', 'x//a.jpg'])
      expect(find(name)).toBe('x/a.jpg');
  });

  test('endings may be left out where the format leaves them out, and never changed', () => {
    const find = index(['a.jpg', 'b.jpg', 'b.png', 'v1.2'], 'optional');
    expect(find('a')).toBe('a.jpg');
    expect(find('a.png')).toBeUndefined();
    expect(find('b')).toBe('ambiguous');
    expect(find('b.png')).toBe('b.png');
    expect(find('v1.2')).toBe('v1.2');
    expect(index(['a.jpg'])('a')).toBeUndefined();
  });

  test('in a library, folders above the imported one count as well', () => {
    const photos: NamedPhoto[] = [
      { name: '0.jpg', folder: 'data/a/images', photo: 1 },
      { name: '0.jpg', folder: 'data/b/images', photo: 2 },
      { name: '7.jpg', folder: 'data/mapping', photo: 3 },
      { name: '8.jpg', folder: 'data/a/images', photo: 4 },
      { name: '8.jpg', folder: 'data/b/images', photo: 4 },
    ];
    const find = nameIndex(photos);
    expect(find('a/images/0.jpg')).toMatchObject({ at: 0 });
    expect(find('b/0.jpg')).toMatchObject({ at: 1 });
    expect(find('0.jpg')).toEqual({ kind: 'ambiguous', among: [0, 1] });
    expect(find('mapping/7.jpg')).toMatchObject({ at: 2 });
    expect(find('query/7.jpg')).toEqual({ kind: 'missing' });
    expect(find('/home/someone/query/7.jpg')).toMatchObject({ at: 2 });
    // One content in two places is one photo.
    expect(find('8.jpg')).toMatchObject({ kind: 'found' });
  });
});

describe('names of one file, together', () => {
  test('two names of different folders are never one photo', () => {
    const photos = [{ name: '1.jpg' }, { name: '2.jpg' }];
    const bound = bindNames(['mapping/1.jpg', 'query/1.jpg', 'mapping/2.jpg', 'x/3.jpg'], photos, nameIndex(photos));
    expect(bound.at('mapping/1.jpg')).toBeUndefined();
    expect(bound.at('query/1.jpg')).toBeUndefined();
    expect(bound.at('mapping/2.jpg')).toBe(1);
    expect(bound.missing).toEqual(['x/3.jpg']);
    expect(bound.ambiguous).toEqual([
      { name: 'mapping/1.jpg', among: ['1.jpg'] },
      { name: 'query/1.jpg', among: ['1.jpg'] },
    ]);
  });

  test('the name that is the whole path keeps its photo; spellings of one path are no contradiction', () => {
    const photos = [{ name: 'cam/1.jpg' }];
    const bound = bindNames(['cam/1.jpg', './cam/1.jpg', 'old/cam/1.jpg', 'new/cam/1.jpg'], photos, nameIndex(photos));
    expect(bound.at('cam/1.jpg')).toBe(0);
    expect(bound.at('./cam/1.jpg')).toBe(0);
    expect(bound.ambiguous.map((a) => a.name)).toEqual(['old/cam/1.jpg', 'new/cam/1.jpg']);
  });
});
