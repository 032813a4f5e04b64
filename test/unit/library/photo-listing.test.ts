import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { inspectPhoto, leftOut, listPhotos } from '../../../src/main/engine/library/photo-files.ts';
import { imageKind, isSystemName } from '../../../src/main/engine/library/photo-kinds.ts';
import { decode } from '../../../src/main/engine/library/pixels.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { discoverScenes } from '../../../src/main/engine/sfm/discover.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const picture = (): Sharp => sharp(Buffer.alloc(12 * 8 * 3, 90), { raw: { width: 12, height: 8, channels: 3 } });
let jpeg: Buffer;

beforeAll(async () => {
  jpeg = await picture().jpeg().toBuffer();
});

/** A folder with these files; JPEG where no content is given. */
function made(name: string, files: Record<string, Uint8Array | string | null>): string {
  const at = join(folder, name);
  mkdirSync(at, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(at, file)), { recursive: true });
    writeFileSync(join(at, file), content ?? jpeg);
  }
  return at;
}

/** The beginning of an ISO base media file. */
const ftyp = (...brands: string[]): Buffer => {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(12 + 4 * brands.length);
  return Buffer.concat([size, Buffer.from(`ftyp${brands[0]!}\0\0\0\0${brands.slice(1).join('')}`, 'latin1')]);
};
const BMP = Buffer.concat([Buffer.from('BM'), Buffer.alloc(12), Buffer.from([40, 0, 0, 0]), Buffer.alloc(36)]);

describe('which files are photos', () => {
  it('is told by content, whatever their names end in', async () => {
    const at = made('kinds', {
      'a.jfif': null,
      'b.jpe': null,
      c: null,
      'd.png': null,
      'e.JPG': null,
      'f.dat': null,
      'deep/er/g.jpeg': null,
      'h.webp': await picture().webp().toBuffer(),
      i: await picture().png().toBuffer(),
      'j.tif': await picture().tiff().toBuffer(),
      'k.avif': await picture().avif().toBuffer(),
      'l.gif': await picture().gif().toBuffer(),
      'm.jpg': ftyp('heic', 'mif1', 'heic'),
      'n.heif': ftyp('mif1', 'mif1', 'heic'),
      'o.bmp': BMP,
      'p.jpg': BMP,
      'q.jp2': Buffer.from('\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ', 'latin1'),
      'r.cr3': ftyp('crx ', 'isom'),
      's.DNG': await picture().tiff().toBuffer(),
      't.mp4': ftyp('isom', 'mp41'),
      'u.txt': 'names of photos',
      'v.THM': null,
      'w.jpg.part': null,
      'x.jpg~': null,
      'y.jpg': 'cut short',
      'z.HEIC': '',
      'BMW.txt': 'BM is how this text begins, and it is longer than a header of a bitmap is',
    });
    const { photos, unreadable } = listPhotos(at);
    const wanted = ['a.jfif', 'b.jpe', 'c', 'd.png', 'deep/er/g.jpeg', 'e.JPG', 'f.dat', 'h.webp', 'i', 'j.tif'];
    // A damaged photo is listed, so that whoever reads it says that it is damaged.
    expect(photos).toEqual([...wanted, 'k.avif', 'l.gif', 'y.jpg']);
    expect(Object.fromEntries([...unreadable].map(([kind, c]) => [kind, [...c.examples].sort()]))).toEqual({
      HEIC: ['m.jpg', 'n.heif', 'z.HEIC'],
      BMP: ['o.bmp', 'p.jpg'],
      'JPEG 2000': ['q.jp2'],
      'camera raw': ['r.cr3', 's.DNG'],
    });
    await expect(inspectPhoto(at, 'm.jpg')).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      message: expect.stringMatching(/HEIC/) as string,
    });
    // The same where one asks, by its path or its bytes.
    for (const asked of [join(at, 'm.jpg'), readFileSync(join(at, 'm.jpg'))])
      await expect(decode(asked, 64)).rejects.toMatchObject({
        code: 'INPUT_UNSUPPORTED',
        message: expect.stringMatching(/HEIC/) as string,
      });
    await expect(inspectPhoto(at, 'y.jpg')).rejects.toMatchObject({ code: 'INPUT_CORRUPT' });
    expect(await inspectPhoto(at, 'c')).toMatchObject({ width: 12, height: 8, orientation: 1 });
  });

  it('AVIF is no HEIC, though both call themselves mif1', () => {
    expect(imageKind('x', ftyp('mif1', 'mif1', 'avif', 'miaf'))).toBe('AVIF');
    expect(imageKind('x', ftyp('mif1', 'mif1', 'heic'))).toBe('HEIC');
    expect(imageKind('x.mov', ftyp('qt  ', 'qt  '))).toBe(undefined);
  });

  it('a folder of nothing that is read says how many of which kind lie there', () => {
    const at = made('unread', { 'IMG_1.HEIC': ftyp('heic'), 'IMG_2.HEIC': ftyp('heic'), 'x.bmp': BMP });
    expect(() => discoverScenes([at])).toThrow(/1 of BMP, 2 of HEIC cannot be read/);
  });

  it('an import says what it left out', async () => {
    const at = made('mixed', { 'a.jpg': null, 'b.heic': ftyp('heic'), '@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg': null });
    const library = Library.create(join(folder, 'mixed library'));
    const { photos, warnings } = await importSources(library, { sources: [at] }, silentContext());
    library.close();
    expect(photos).toBe(1);
    expect(warnings.filter((w) => w.includes('(HEIC)') && w.includes('b.heic'))).toHaveLength(1);
    expect(warnings.filter((w) => w.includes('@eaDir'))).toHaveLength(1);
  });
});

describe('hidden and system folders', () => {
  const system = ['.thumbnails', '.ipynb_checkpoints', '@eaDir', '#recycle', '__MACOSX', '$RECYCLE.BIN', 'lost+found'];
  const more = ['System Volume Information', '.Trash-1000', 'Catalog Previews.lrdata', '@Recycle', '.@__thumb'];

  it('hold no photos, at any depth, and are counted', () => {
    const hidden = [...system, ...more];
    const at = made('hidden', {
      'a.jpg': null,
      'sub/b.jpg': null,
      '._a.jpg': null,
      ...Object.fromEntries(
        hidden.flatMap((h) => [
          [`${h}/x.jpg`, null],
          [`sub/${h}/deep/y.jpg`, null],
        ]),
      ),
    });
    const { photos, skipped } = listPhotos(at);
    expect(photos).toEqual(['a.jpg', 'sub/b.jpg']);
    expect(skipped.folders.count).toBe(2 * hidden.length);
    expect(skipped.files).toEqual({ count: 1, examples: ['._a.jpg'] });
  });

  it('are taken when a person names one', () => {
    const at = made('home/.photos', { 'a.jpg': null, '.cache/b.jpg': null });
    expect(listPhotos(at).photos).toEqual(['a.jpg']);
    expect(['thumbnails', 'images', 'a.jpg', 'recycle'].filter(isSystemName)).toEqual([]);
  });

  it('a library among the photos is none of them', () => {
    const at = made('with library', { 'a.jpg': null });
    const library = Library.create(join(at, 'my library'));
    writeFileSync(library.file('thumbnails', 'x.jpg'), jpeg);
    library.close();
    const { photos, skipped } = listPhotos(at);
    expect(photos).toEqual(['a.jpg']);
    expect(skipped.libraries).toEqual({ count: 1, examples: ['my library'] });
  });
});

describe('links and odd files', () => {
  it('each real folder is walked once, and a real folder before a link to it', () => {
    const at = made('links/in', { 'z/a.jpg': null, 'd/b.jpg': null });
    const outside = made('links/outside', { 'c.jpg': null });
    symlinkSync('..', join(at, 'd', 'up'));
    symlinkSync('.', join(at, 'self'));
    symlinkSync('z', join(at, 'a link to z'));
    symlinkSync('../..', join(at, 'above'));
    symlinkSync(outside, join(at, 'out'));
    symlinkSync(outside, join(at, 'out again'));
    symlinkSync('nowhere.jpg', join(at, 'broken.jpg'));
    symlinkSync('round.jpg', join(at, 'round.jpg'));
    symlinkSync(join('z', 'a.jpg'), join(at, 'linked.jpg'));
    const { photos, skipped } = listPhotos(at);
    expect(photos).toEqual(['d/b.jpg', 'linked.jpg', 'out/c.jpg', 'z/a.jpg']);
    expect([skipped.broken.count, skipped.loops.count]).toEqual([2, 5]);
  });

  it.skipIf(process.platform === 'win32')('a pipe called like a photo is not opened', () => {
    const at = made('pipe', { 'a.jpg': null });
    expect(spawnSync('mkfifo', [join(at, 'b.jpg')]).status).toBe(0);
    symlinkSync('b.jpg', join(at, 'c.jpg'));
    expect(listPhotos(at).photos).toEqual(['a.jpg']);
  });

  it.skipIf(process.platform !== 'linux')('names that are not UTF-8 are counted and leave the others alone', () => {
    const at = made('bytes', { 'a.jpg': null });
    copyFileSync(
      join(at, 'a.jpg'),
      Buffer.concat([Buffer.from(`${at}/caf`), Buffer.from([0xe9]), Buffer.from('.jpg')]),
    );
    const listing = listPhotos(at);
    expect(listing.photos).toEqual(['a.jpg']);
    expect(leftOut(listing, 'F')).toEqual([
      'F has 1 file or folder with a name that is not UTF-8, passed over; rename it: café.jpg',
    ]);
  });

  it.skipIf(process.platform !== 'linux')('names that differ in how accents are written are said', () => {
    const at = made('accents', { 'caf\u00e9.jpg': null, 'cafe\u0301.jpg': null });
    expect(listPhotos(at)).toMatchObject({ photos: { length: 2 }, twins: { count: 1 } });
  });

  it('a folder that is not there has none', () => {
    expect(listPhotos(join(folder, 'nothing')).photos).toEqual([]);
  });
});
