import { describe, expect, it } from 'vitest';
import { bindNames, decodeName, nameIndex } from '../../../src/main/engine/library/names.ts';
import { random, type Random } from '../../../src/main/engine/library/random.ts';

/** A path of a few folders with few names, so that many share an end. */
function path(draw: Random): string {
  const folders = Array.from({ length: draw.below(4) }, () => 'xyz'[draw.below(3)]!);
  return [...folders, `${'ab'[draw.below(2)]!}.jpg`].join('/');
}

/** The rule, word for word: one of two paths must end in the other; the whole path wins, then what has most folders in common. */
function slow(photos: readonly string[], name: string): string {
  const endsIn = (long: string, short: string): boolean => `/${long}`.endsWith(`/${short}`);
  if (photos.includes(name)) return name;
  const longer = photos.filter((p) => endsIn(p, name));
  if (longer.length > 0) return longer.length === 1 ? longer[0]! : `ambiguous: ${longer.sort().join(', ')}`;
  const shorter = photos.filter((p) => endsIn(name, p)).sort((p, q) => q.length - p.length);
  return shorter[0] ?? 'missing';
}

describe('the rule for names against the rule word for word', () => {
  it('agrees on every set of photos', () => {
    const draw = random(3);
    for (let round = 0; round < 3000; round += 1) {
      const photos = [...new Set(Array.from({ length: 1 + draw.below(7) }, () => path(draw)))];
      const find = nameIndex(photos.map((name) => ({ name })));
      for (let k = 0; k < 5; k += 1) {
        const name = path(draw);
        const found = find(name);
        const said =
          found.kind === 'found'
            ? photos[found.at]
            : found.kind === 'missing'
              ? 'missing'
              : `ambiguous: ${found.among
                  .map((i) => photos[i])
                  .sort()
                  .join(', ')}`;
        expect([photos, name, said]).toEqual([photos, name, slow(photos, name)]);
        // Written otherwise, it is the same name.
        const absolute = `.\\${name.replaceAll('/', '\\')}`;
        expect(find(absolute)).toEqual(found);
      }
    }
  });

  it('binds every name once: to a photo, as missing or as ambiguous', () => {
    const draw = random(4);
    for (let round = 0; round < 1000; round += 1) {
      const photos = [...new Set(Array.from({ length: 1 + draw.below(6) }, () => path(draw)))].map((name) => ({
        name,
      }));
      const names = [...new Set(Array.from({ length: 1 + draw.below(8) }, () => path(draw)))];
      const bound = bindNames(names, photos, nameIndex(photos));
      const unclear = bound.ambiguous.map((a) => a.name);
      for (const name of names) {
        const ways = [bound.at(name) !== undefined, bound.missing.includes(name), unclear.includes(name)];
        expect([name, ways.filter(Boolean).length]).toEqual([name, 1]);
      }
    }
  });

  it('finds among very many photos of one base name', () => {
    const photos = Array.from({ length: 200_000 }, (_, i) => ({ name: `${i}/image.jpg` }));
    const find = nameIndex(photos);
    for (const i of [0, 77, 199_999]) expect(find(`${i}/image.jpg`)).toMatchObject({ kind: 'found', at: i });
    expect(find('image.jpg').kind).toBe('ambiguous');
    expect(find('x/image.jpg')).toEqual({ kind: 'missing' });
  });

  it('tells two files apart that differ in their normal form alone, by how the name is written', () => {
    const [nfc, nfd] = ['\u00fc.jpg', 'u\u0308.jpg'];
    const find = nameIndex([{ name: nfc }, { name: nfd }]);
    expect(find(nfc)).toMatchObject({ at: 0 });
    expect(find(nfd)).toMatchObject({ at: 1 });
  });
});

describe('bytes of a name', () => {
  it('are UTF-8, else Latin-1', () => {
    expect(decodeName(Buffer.from('Café.jpg'))).toBe('Café.jpg');
    expect(decodeName(Buffer.from([0x43, 0x61, 0x66, 0xe9]))).toBe('Café');
    expect(decodeName(Buffer.from([0xef, 0xbb, 0xbf, 0x61]))).toBe('\ufeffa');
  });
});
