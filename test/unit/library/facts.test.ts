import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { PhotoInfo } from '../../../src/shared/domain.ts';
import {
  computeLooks,
  duplicateGroups,
  duplicateIds,
  duplicatePage,
} from '../../../src/main/engine/features/duplicates.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { readExif } from '../../../src/main/engine/library/exif.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { bitsOf, lookOf, lookWords } from '../../../src/main/engine/library/looks.ts';
import { findPhotos, photoInfo, photosNamed } from '../../../src/main/engine/library/photos.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();
const castle = (n: string): string => join(SAMPLE, 'castle', 'images', `castle_${n}.jpg`);

describe('near duplicates', () => {
  it('copies in another size, quality or format look alike, other photos do not', async () => {
    const own = await lookOf(castle('01'));
    const differ = async (bytes: Buffer): Promise<number> => {
      const [a, b] = [lookWords(own), lookWords(await lookOf(bytes))];
      return bitsOf(a[0] ^ b[0]) + bitsOf(a[1] ^ b[1]);
    };
    expect(await differ(await sharp(castle('01')).resize(160).jpeg({ quality: 50 }).toBuffer())).toBeLessThan(6);
    expect(await differ(await sharp(castle('01')).modulate({ brightness: 1.15 }).webp().toBuffer())).toBeLessThan(8);
    expect(await differ(await sharp(castle('07')).toBuffer())).toBeGreaterThan(10);
    await expect(lookOf(Buffer.from('no photo'))).rejects.toThrow(/decoded/);
  });

  it('are found in a library, the largest first, with every file of one content', async () => {
    const at = join(folder, 'photos');
    mkdirSync(at, { recursive: true });
    await sharp(castle('01')).toFile(join(at, 'a.jpg'));
    writeFileSync(join(at, 'a copy.jpg'), await sharp(join(at, 'a.jpg')).toBuffer());
    const { copyFileSync } = await import('node:fs');
    copyFileSync(join(at, 'a.jpg'), join(at, 'same.jpg'));
    await sharp(castle('01')).resize(120).toFile(join(at, 'small.jpg'));
    copyFileSync(castle('07'), join(at, 'other.jpg'));
    const library = Library.create(join(folder, 'library'));
    await importSources(library, { sources: [at] }, silentContext());
    expect(duplicateGroups(library).map((g) => g.photos[0]!.files)).toEqual([['a.jpg', 'same.jpg']]);
    expect(await computeLooks(library, silentContext())).toBe(4);
    const [group, ...rest] = duplicateGroups(library);
    expect(rest).toEqual([]);
    expect(group!.photos.at(-1)!.name).toBe('small.jpg');
    expect(group!.photos.flatMap((p) => p.files).sort()).toEqual(['a copy.jpg', 'a.jpg', 'same.jpg', 'small.jpg']);
    expect(await computeLooks(library, silentContext())).toBe(0);
    const asked = { bits: 6, open: false };
    const page = (): unknown => duplicatePage(library, { ...asked, from: 0, limit: 9 });
    expect(page()).toEqual({ total: 1, all: 1, photos: 3, groups: [group] });
    expect(duplicateIds(library, asked, 'others')).toEqual(group!.photos.slice(1).map((p) => p.photo));
    // Of files and sizes that change nobody is told what was, whoever wrote them.
    const write = (sql: string, from = library.db): unknown => from.prepare(sql).run();
    write("UPDATE photo_file SET name = 'b copy.jpg' WHERE name = 'a copy.jpg'");
    expect(JSON.stringify(page())).toContain('b copy.jpg');
    write("UPDATE photo_file SET name = 'a copy.jpg' WHERE name = 'b copy.jpg'");
    const beside = Library.open(library.path);
    write(`UPDATE photo SET width = 9999 WHERE hash = '${group!.photos[2]!.photo}'`, beside.db);
    expect(duplicateIds(library, asked, 'best')).toEqual([group!.photos[2]!.photo]);
    write(`UPDATE photo SET width = ${group!.photos[2]!.width} WHERE width = 9999`, beside.db);
    const look = beside.db.prepare('SELECT look FROM photo WHERE hash = ?').pluck().get(group!.photos[0]!.photo);
    write(`UPDATE photo SET look = '0123456789abcdef' WHERE hash = '${group!.photos[0]!.photo}'`, beside.db);
    expect(page()).toMatchObject({ total: 1, photos: 2 });
    write(`UPDATE photo SET look = '${String(look)}' WHERE hash = '${group!.photos[0]!.photo}'`, beside.db);
    beside.close();
    expect(page()).toEqual({ total: 1, all: 1, photos: 3, groups: [group] });
    // By a part of any of their files' names, whatever the case, by name, no more than asked for.
    const named = (text: string, limit = 9): string[] => findPhotos(library, text, limit).map((p) => p.name);
    expect([named('COPY'), named('same'), named('%'), named('_')]).toEqual([['a copy.jpg'], ['same.jpg'], [], []]);
    expect([named('.jpg', 2), named('.jpg').length]).toEqual([['a copy.jpg', 'a.jpg'], 4]);
    expect(findPhotos(library, 'same', 1)[0]!.id).toBe(findPhotos(library, 'a.jpg', 1)[0]!.id);
    // By the beginning of an id: one alone is named by it.
    const [one, other] = ['a copy', 'other'].map((name) => findPhotos(library, name, 1)[0]!.id);
    expect(photosNamed(library, [other!.slice(0, 12), one!, `${one!}0`, 'f'.repeat(31), ''])).toEqual([
      other,
      one,
      null,
      null,
      null,
    ]);
    library.close();
  });
});

describe('what a camera wrote', () => {
  it('is kept with the photo: time, place, focal length', async () => {
    const at = join(folder, 'exif');
    mkdirSync(at, { recursive: true });
    await sharp(castle('01'))
      .withExif({
        IFD0: { Make: 'Maker', Model: 'One' },
        IFD2: { DateTimeOriginal: '2021:06:05 14:03:02', FocalLengthIn35mmFilm: '28' },
        IFD3: {
          GPSLatitudeRef: 'S',
          GPSLatitude: '33/1 51/1 30/1',
          GPSLongitudeRef: 'E',
          GPSLongitude: '151/1 12/1 0/1',
        },
      })
      .toFile(join(at, 'told.jpg'));
    await sharp(castle('02')).toFile(join(at, 'silent.jpg'));
    const library = Library.create(join(folder, 'facts'));
    await importSources(library, { sources: [at] }, silentContext());
    const named = (name: string): PhotoInfo => photoInfo(library, findPhotos(library, name, 1)[0]!.id);
    const { exif, width, height } = named('told');
    expect(exif.taken).toBe(Date.UTC(2021, 5, 5, 14, 3, 2) / 1000);
    expect(exif.latitude).toBeCloseTo(-33.8583, 3);
    expect(exif.longitude).toBeCloseTo(151.2, 3);
    expect(exif.camera).toBe('Maker One');
    expect(exif.focal).toBeCloseTo((28 / 36) * Math.max(width, height), 3);
    expect([named('silent').exif.taken, named('silent').exif.latitude]).toEqual([null, null]);
    // Read again from what is kept, the file being as it was.
    await importSources(library, { sources: [at] }, silentContext());
    expect(named('told').exif.taken).toBe(exif.taken);
    library.close();
  });

  it('absurd or broken blocks are as if they were not there', () => {
    const nothing = { taken: null, latitude: null, longitude: null, focal: null, camera: null };
    expect(readExif(undefined, 100)).toEqual(nothing);
    const r = random(1);
    for (let i = 0; i < 500; i += 1) {
      const bytes = Uint8Array.from({ length: r.below(200) }, () => r.below(256));
      bytes.set(Buffer.from('Exif\0\0II*\0\x08\0\0\0', 'latin1').subarray(0, Math.min(bytes.length, 14)));
      const facts = readExif(bytes, 100);
      expect(facts.latitude === null || Math.abs(facts.latitude) <= 90).toBe(true);
    }
  });
});
