import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { hasGps, withoutGps } from '../../../src/main/engine/collections/metadata/gps.ts';
import { readMetadata } from '../../../src/main/engine/collections/metadata/read.ts';
import { readExif } from '../../../src/main/engine/library/exif.ts';
import { exported, invented, inventedMaterial } from '../../support/collections.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { PYTHON, describeWith } from '../../support/programs.ts';
import { python } from '../../support/python.ts';
import { spawnSync } from 'node:child_process';

const at = temporaryFolder();
const XMP = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" exif:GPSLatitude="50,5.25N" exif:GPSLongitude='14,25.3E'><exif:GPSAltitude>200/1</exif:GPSAltitude><dc:source>Archive</dc:source></rdf:Description></rdf:RDF></x:xmpmeta>`;

/** A photo that says where it was taken, in EXIF and XMP. */
async function placed(name: string): Promise<Buffer> {
  const image = sharp(await invented(1, name))
    .withExif({
      IFD0: { Copyright: 'A. Curator' },
      IFD2: { DateTimeOriginal: '2020:05:06 07:08:09' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '50/1 5/1 15/1', GPSLongitudeRef: 'E', GPSLongitude: '14/1 25/1 18/1' },
    })
    .withXmp(XMP);
  if (name.endsWith('.png')) return image.png().toBuffer();
  if (name.endsWith('.webp')) return image.webp().toBuffer();
  if (name.endsWith('.tif')) return image.tiff().toBuffer();
  if (name.endsWith('.avif')) return image.avif().toBuffer();
  return image.jpeg().toBuffer();
}

const pixels = (file: Buffer): Promise<Buffer> => sharp(file).raw().toBuffer();

describe.each(['a.jpg', 'a.png', 'a.webp', 'a.tif', 'a.avif'])('coordinates in %s', (name) => {
  it('are gone, and nothing else is', async () => {
    const file = await placed(name);
    const { exif } = await sharp(file).metadata();
    // Into TIFF, sharp writes XMP alone.
    if (name !== 'a.tif') expect(readExif(exif, 64).latitude).toBeCloseTo(50.0875, 4);
    expect(await hasGps(file)).toBe(true);
    const clean = (await withoutGps(file, name))!;
    expect(await hasGps(clean)).toBe(false);
    const after = await sharp(clean).metadata();
    const taken = name === 'a.tif' ? null : Date.UTC(2020, 4, 6, 7, 8, 9) / 1000;
    expect(readExif(after.exif, 64)).toMatchObject({ latitude: null, longitude: null, taken });
    if (name !== 'a.tif') expect(after.exif!.toString('latin1')).toContain('A. Curator');
    expect(await pixels(clean)).toEqual(await pixels(file));
    expect(clean.toString('latin1')).not.toMatch(/50,5\.25|14,25\.3|200\/1/);
    if (name !== 'a.avif') {
      writeFileSync(join(at, name), clean);
      expect(readMetadata(join(at, name)).fields['source']).toEqual(['Archive']);
    }
    expect(await withoutGps(clean, name)).toBeUndefined();
  });

  it('that were never there leave the file as it is', async () => {
    expect(await withoutGps(await invented(1, name.endsWith('.avif') ? 'a.jpg' : name), name)).toBeUndefined();
  });
});

describe('a JPEG', () => {
  it('stays as long as it was, byte for byte but for its metadata', async () => {
    const file = await placed('a.jpg');
    const clean = (await withoutGps(file, 'a.jpg'))!;
    expect(clean.length).toBe(file.length);
    const scan = file.indexOf(Buffer.from([0xff, 0xda]));
    expect(clean.subarray(scan)).toEqual(file.subarray(scan));
  });

  it('with a preview behind it that says the place loses that, too', async () => {
    const file = await placed('a.jpg');
    const clean = (await withoutGps(Buffer.concat([await invented(2, 'b.jpg'), file]), 'a.jpg'))!;
    expect(await hasGps(clean)).toBe(false);
    expect(clean.toString('latin1')).not.toMatch(/50,5\.25/);
  });

  it('with a film behind it loses the place of the film', async () => {
    const box = Buffer.concat([
      Buffer.from([0, 0, 0, 30]),
      Buffer.from('\u00a9xyz\0\x12\x15\xc7+50.0875+014.4213/', 'latin1'),
    ]);
    const file = Buffer.concat([await invented(2, 'b.jpg'), box]);
    const clean = (await withoutGps(file, 'a.jpg'))!;
    expect(clean.toString('latin1')).not.toContain('50.0875');
    expect(clean.length).toBe(file.length);
  });

  it.each([
    ['a GPS directory that is the first', 8],
    ['one beyond the end', 0xffffff],
  ])('of a stranger with %s is not broken', async (_, where) => {
    const tiff = Buffer.alloc(64);
    tiff.write('II*\0', 'latin1');
    tiff.writeUInt32LE(8, 4);
    tiff.writeUInt16LE(1, 8);
    tiff.writeUInt16LE(0x8825, 10);
    tiff.writeUInt16LE(4, 12);
    tiff.writeUInt32LE(1, 14);
    tiff.writeUInt32LE(where, 18);
    const plain = await invented(3, 'c.jpg');
    const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
    const segment = Buffer.concat([Buffer.from([0xff, 0xe1, 0, body.length + 2]), body]);
    const file = Buffer.concat([plain.subarray(0, 2), segment, plain.subarray(2)]);
    const clean = (await withoutGps(file, 'c.jpg'))!;
    expect(await hasGps(clean)).toBe(false);
    expect(await pixels(clean)).toEqual(await pixels(plain));
  });
});

describe('an export without coordinates', () => {
  it('has them in no file, also where photos are made smaller, and says so', async () => {
    for (const longSide of [undefined, 32]) {
      const material = await inventedMaterial(join(at, 'library'), {
        names: ['a.jpg', 'b.png', 'c.webp'],
        photo: (_, name) => placed(name),
        fields: { title: ['T'] },
      });
      const out = join(at, `clean-${longSide ?? 'whole'}`);
      const facts = { taken: 0, latitude: 50.0875, longitude: 14.42167, camera: 'C' };
      await exported({ ...material, factsOf: () => facts }, out, { removeGps: true, gallery: true, longSide });
      for (const name of ['a.jpg', 'b.png', 'c.webp']) {
        const bytes = readFileSync(join(out, 'photos', name));
        expect(await hasGps(bytes)).toBe(false);
        expect((await sharp(bytes).metadata()).width).toBe(longSide ?? 64);
      }
      expect(readFileSync(join(out, 'gallery/data.js'), 'utf8')).not.toMatch(/50\.08|14\.42/);
      expect(readFileSync(join(out, 'README.txt'), 'utf8')).toMatch(/Coordinates .* were removed/);
      expect(JSON.parse(readFileSync(join(out, 'collection.json'), 'utf8'))).toMatchObject({
        photos: { gps: 'removed' },
      });
    }
  });
});

const EXIV2 = spawnSync(PYTHON, ['-c', 'import pyexiv2'], { stdio: 'ignore' }).status === 0;

describeWith(['python readers'], 'what exiv2 writes', () => {
  describe.runIf(EXIV2 || process.env['COVIS_REQUIRE_ALL'] !== undefined)('[needs pip install pyexiv2]', () => {
    it.each(['a.jpg', 'a.png', 'a.tif', 'a.webp'])(
      'into %s is read: XMP and IPTC; its coordinates are taken out',
      async (name) => {
        const file = join(at, `exiv2-${name}`);
        writeFileSync(file, await invented(4, name));
        python(
          `
import pyexiv2
i = pyexiv2.Image(given)
i.modify_xmp({'Xmp.dc.title': {'lang="x-default"': 'Bridge', 'lang="de"': 'Brücke'}, 'Xmp.dc.creator': ['B', 'A'], 'Xmp.dc.subject': ['stone', 'arch'], 'Xmp.photoshop.DateCreated': '1987-06-05', 'Xmp.photoshop.City': 'Prague', 'Xmp.exif.GPSLatitude': '50,5.25N'})
if not given.endswith('webp'):
    i.modify_iptc({'Iptc.Application2.Caption': 'Caption ä', 'Iptc.Application2.Source': 'Archive', 'Iptc.Application2.Keywords': ['other'], 'Iptc.Envelope.CharacterSet': '\\x1b%G'})
i.modify_exif({'Exif.GPSInfo.GPSLatitude': '50/1 5/1 15/1', 'Exif.GPSInfo.GPSLatitudeRef': 'N', 'Exif.Image.Artist': 'A'})
i.close()
print('1')`,
          file,
        );
        const xmp = {
          title: ['Bridge'],
          creator: ['B', 'A'],
          keywords: ['stone', 'arch'],
          date: ['1987-06-05'],
          place: ['Prague'],
        };
        expect(readMetadata(file)).toMatchObject({
          fields: name === 'a.webp' ? xmp : { ...xmp, description: ['Caption ä'], source: ['Archive'] },
          from: { title: 'xmp', keywords: 'xmp' },
          notes: [],
        });
        writeFileSync(file, (await withoutGps(readFileSync(file), file))!);
        const left = python<{ exif: string[]; xmp: string[] }>(
          `
import pyexiv2
i = pyexiv2.Image(given)
print(json.dumps({'exif': list(i.read_exif()), 'xmp': list(i.read_xmp())}))`,
          file,
        );
        expect([...left.exif, ...left.xmp].filter((k) => k.includes('GPS'))).toEqual([]);
        expect(left.exif).toContain('Exif.Image.Artist');
        expect(left.xmp).toContain('Xmp.dc.creator');
      },
    );

    it('finds what Covis writes into a sidecar', async () => {
      const material = await inventedMaterial(join(at, 'sidecars'), {
        names: ['a.jpg'],
        each: () => ({
          fields: {
            title: ['T & "t"'],
            keywords: ['a', 'b'],
            date: ['1987-06'],
            place: ['Prague'],
            rights: ['CC-BY-4.0'],
          },
        }),
        fields: {},
      });
      const out = join(at, 'with-sidecars');
      await exported(material, out, { sidecars: true });
      const read = python<Record<string, unknown>>(
        `
import pyexiv2
i = pyexiv2.Image(given)
i.modify_raw_xmp(open(given + '.xmp', encoding='utf8').read())
print(json.dumps(i.read_xmp()))`,
        join(out, 'photos/a.jpg'),
      );
      expect(read).toMatchObject({
        'Xmp.dc.title': { 'lang="x-default"': 'T & "t"' },
        'Xmp.dc.subject': ['a', 'b'],
        'Xmp.photoshop.DateCreated': '1987-06',
        'Xmp.iptc.Location': 'Prague',
        'Xmp.dc.rights': { 'lang="x-default"': 'CC-BY-4.0' },
      });
    });
  });
});
