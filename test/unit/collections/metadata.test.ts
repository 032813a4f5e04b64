import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readIptc } from '../../../src/main/engine/collections/metadata/iptc.ts';
import { readMetadata } from '../../../src/main/engine/collections/metadata/read.ts';
import { parseXml } from '../../../src/main/engine/collections/metadata/xml.ts';
import { xmpPacket } from '../../../src/main/engine/collections/metadata/xmp-write.ts';
import { readXmp } from '../../../src/main/engine/collections/metadata/xmp.ts';
import { invented } from '../../support/collections.ts';
import { temporaryFolder } from '../../support/folders.ts';

const at = temporaryFolder();
const NAMESPACES =
  'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" xmlns:cc="http://creativecommons.org/ns#"';
const packet = (inner: string, attributes = ''): string =>
  `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" ${NAMESPACES} ${attributes}>${inner}</rdf:Description></rdf:RDF></x:xmpmeta>`;
const read = (inner: string, attributes?: string): ReturnType<typeof readXmp> =>
  readXmp(Buffer.from(packet(inner, attributes)));

describe('an XMP packet', () => {
  it('says title, description, rights in the language that is meant for all, and lists in their order', () => {
    expect(
      read(`<dc:title><rdf:Alt><rdf:li xml:lang="de">Brücke</rdf:li><rdf:li xml:lang="x-default">Bridge &amp; river</rdf:li></rdf:Alt></dc:title>
        <dc:creator><rdf:Seq><rdf:li>B. Two</rdf:li><rdf:li>A. One</rdf:li></rdf:Seq></dc:creator>
        <dc:subject><rdf:Bag><rdf:li>stone</rdf:li><rdf:li>  </rdf:li><rdf:li>stone</rdf:li><rdf:li>arch</rdf:li></rdf:Bag></dc:subject>
        <dc:description><rdf:Alt><rdf:li xml:lang="fr">Un pont</rdf:li></rdf:Alt></dc:description>
        <dc:rights><rdf:Alt><rdf:li xml:lang="x-default"><![CDATA[<mine>]]></rdf:li></rdf:Alt></dc:rights>`),
    ).toEqual({
      title: ['Bridge & river'],
      creator: ['B. Two', 'A. One'],
      keywords: ['stone', 'arch'],
      description: ['Un pont'],
      rights: ['<mine>'],
    });
  });

  it.each([
    ['1987-06-05', '1987-06-05'],
    ['1987-06', '1987-06'],
    ['1987', '1987'],
    ['1987-06-05T12:30', '1987-06-05T12:30:00'],
    ['1987-06-05T12:30:15.25+02:00', '1987-06-05T12:30:15+02:00'],
    ['1987-06-05T12:30:15Z', '1987-06-05T12:30:15Z'],
    ['1987-06-00', '1987-06'],
    ['1987-00-00', '1987'],
    ['1987~', '1987~'],
    ['1987-02-30', undefined],
    ['0000-00-00', undefined],
    ['yesterday', undefined],
  ])('has the date %s as %s', (date, expected) => {
    expect(read('', `photoshop:DateCreated="${date}"`)?.['date']?.[0]).toBe(expected);
  });

  it('takes the date of making where no other is said', () => {
    expect(read('<xmp:CreateDate>2001-02-03</xmp:CreateDate>')).toEqual({ date: ['2001-02-03'] });
    expect(read('<xmp:CreateDate>2001-02-03</xmp:CreateDate>', 'photoshop:DateCreated="1999"')).toEqual({
      date: ['1999'],
    });
  });

  it('has a place of its parts, or of the structure of newer writers', () => {
    expect(
      read(
        '<Iptc4xmpCore:Location>Hradčany</Iptc4xmpCore:Location>',
        'photoshop:City="Prague" photoshop:Country="Czechia"',
      ),
    ).toEqual({ place: ['Hradčany, Prague, Czechia'] });
    const shown = (body: string): ReturnType<typeof readXmp> =>
      read(`<Iptc4xmpExt:LocationShown><rdf:Bag>${body}</rdf:Bag></Iptc4xmpExt:LocationShown>`);
    expect(
      shown(
        '<rdf:li rdf:parseType="Resource"><Iptc4xmpExt:City>Lund</Iptc4xmpExt:City><Iptc4xmpExt:CountryName>Sweden</Iptc4xmpExt:CountryName></rdf:li>',
      ),
    ).toEqual({ place: ['Lund, Sweden'] });
    expect(shown('<rdf:li><rdf:Description Iptc4xmpExt:City="Lund"/></rdf:li>')).toEqual({ place: ['Lund'] });
    expect(shown('<rdf:li Iptc4xmpExt:City="Lund"/>')).toEqual({ place: ['Lund'] });
  });

  it('says a licence before words of rights, where programs know it', () => {
    const words = '<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© A.</rdf:li></rdf:Alt></dc:rights>';
    expect(read(`${words}<cc:license rdf:resource="https://creativecommons.org/licenses/by/4.0/"/>`)).toEqual({
      rights: ['https://creativecommons.org/licenses/by/4.0/', '© A.'],
    });
    expect(read(words, 'xmpRights:WebStatement="https://example.org/terms"')).toEqual({ rights: ['© A.'] });
  });

  it.each(['utf16le', 'utf16be'] as const)('is read in %s', (encoding) => {
    const text = `\ufeff${packet('', 'photoshop:City="Ústí"')}`;
    const bytes = Buffer.from(text, 'utf16le');
    expect(readXmp(encoding === 'utf16be' ? bytes.swap16() : bytes)).toEqual({ place: ['Ústí'] });
  });

  it('padded with spaces and zeros is read', () => {
    expect(
      readXmp(
        Buffer.from(
          `<?xpacket begin="\ufeff" id="W5M0"?>${packet('', 'photoshop:City="Lund"')}${' '.repeat(2000)}<?xpacket end="w"?>\0\0`,
        ),
      ),
    ).toEqual({ place: ['Lund'] });
  });

  it.each([
    ['a document type', `<!DOCTYPE x [<!ENTITY a "b">]>${packet('')}`],
    ['an entity of its own', packet('<dc:source>&a;</dc:source>')],
    ['an element that does not end', packet('<dc:source>')],
    ['elements that cross', packet('<dc:source><dc:x></dc:source></dc:x>')],
    ['levels without end', packet('<dc:x>'.repeat(100_000))],
    ['elements without number', packet('<dc:x/>'.repeat(250_000))],
    ['comments that do not end', '<!--'.repeat(500_000)],
    ['no RDF', '<a/>'],
    ['nothing', ''],
  ])('with %s is none', (_, text) => expect(readXmp(Buffer.from(text))).toBeUndefined());

  it('that Covis writes says the same fields again, whatever stands in them', () => {
    const fields = {
      title: ['A "title" & <more>', 'a second'],
      description: ['two\nlines'],
      creator: ['A', 'B'],
      date: ['1987-06~/1990'],
      place: ['Prague', 'Lund'],
      rights: ['CC-BY-4.0'],
      source: ['archive; box 3'],
      keywords: ['a, b', 'c;d'],
      notes: ['n'],
      'Höhe in m': ['12'],
    };
    expect(readXmp(Buffer.from(xmpPacket(fields)))).toEqual(fields);
    expect(parseXml(xmpPacket({ title: ['\u0001\ud800'] }))).toBeDefined();
  });
});

describe('IPTC', () => {
  const set = (record: number, dataset: number, value: string | Buffer): Buffer => {
    const bytes = Buffer.from(value as string);
    return Buffer.concat([Buffer.from([0x1c, record, dataset, bytes.length >> 8, bytes.length & 255]), bytes]);
  };

  it('says fields by its datasets', () => {
    const block = Buffer.concat([
      set(1, 90, '\x1b%G'),
      set(2, 5, 'Title'),
      set(2, 25, 'one'),
      set(2, 25, 'zwei ä'),
      set(2, 55, '19870605'),
      set(2, 60, '123015+0200'),
      set(2, 80, 'A. One'),
      set(2, 90, 'Prague'),
      set(2, 101, 'Czechia'),
      set(2, 115, 'Archive'),
      set(2, 116, '© A.'),
      set(2, 120, 'Caption'),
    ]);
    expect(readIptc(block)).toEqual({
      title: ['Title'],
      description: ['Caption'],
      creator: ['A. One'],
      date: ['1987-06-05T12:30:15+02:00'],
      place: ['Prague, Czechia'],
      rights: ['© A.'],
      source: ['Archive'],
      keywords: ['one', 'zwei ä'],
    });
  });

  it('without its encoding is that of Windows where it is no UTF-8', () => {
    expect(readIptc(set(2, 5, Buffer.from([0x42, 0x72, 0xfc, 0x63, 0x6b, 0x65])))).toEqual({ title: ['Brücke'] });
  });

  it.each(['19870600', '1987-06', '19871301', 'xxxxxxxx'])('has of the date %s what a calendar has', (date) => {
    expect(readIptc(set(2, 55, date))['date']).toEqual(date === '19870600' ? ['1987-06'] : undefined);
  });

  it('cut short anywhere says what came before, and never more', () => {
    const whole = Buffer.concat([
      set(2, 5, 'Title'),
      set(2, 25, 'one'),
      Buffer.from([0x1c, 2, 25, 0x80, 4, 0, 0, 0, 3]),
      Buffer.from('two'),
    ]);
    expect(readIptc(whole)).toEqual({ title: ['Title'], keywords: ['one', 'two'] });
    for (let n = 0; n < whole.length; n += 1)
      expect(Object.keys(readIptc(whole.subarray(0, n))).length).toBeLessThanOrEqual(2);
    expect(readIptc(Buffer.from([0x1c, 2, 5, 0xff, 0xff, 0xff]))).toEqual({});
  });
});

describe('a photo', () => {
  it('is said by its sidecar first, then by itself', async () => {
    const file = join(at, 'a.png');
    const plain = await invented(1, 'a.png');
    // An iTXt chunk behind the header of a PNG, packed; its check sum is not looked at.
    const body = Buffer.concat([
      Buffer.from('XML:com.adobe.xmp\0\x01\0\0\0', 'latin1'),
      deflateSync(packet('<dc:source>inside</dc:source>', 'photoshop:City="Lund"')),
    ]);
    const chunk = Buffer.concat([Buffer.alloc(4), Buffer.from('iTXt'), body, Buffer.alloc(4)]);
    chunk.writeUInt32BE(body.length, 0);
    writeFileSync(file, Buffer.concat([plain.subarray(0, 33), chunk, plain.subarray(33)]));
    expect(readMetadata(file)).toEqual({
      fields: { source: ['inside'], place: ['Lund'] },
      from: { source: 'xmp', place: 'xmp' },
      notes: [],
    });
    writeFileSync(join(at, 'a.xmp'), packet('<dc:source>beside</dc:source>'));
    expect(readMetadata(file)).toMatchObject({
      fields: { source: ['beside'], place: ['Lund'] },
      from: { source: 'sidecar', place: 'xmp' },
    });
    writeFileSync(join(at, 'a.png.xmp'), 'no XMP');
    expect(readMetadata(file)).toMatchObject({
      fields: { source: ['inside'] },
      notes: ['a.png.xmp is no XMP that can be read'],
    });
  });

  it('whose metadata is a bomb has none', async () => {
    const file = join(at, 'bomb.png');
    const plain = await invented(2, 'b.png');
    const body = Buffer.concat([
      Buffer.from('XML:com.adobe.xmp\0\x01\0\0\0', 'latin1'),
      deflateSync(Buffer.alloc(64 << 20, ' ')),
    ]);
    const chunk = Buffer.concat([Buffer.alloc(4), Buffer.from('iTXt'), body, Buffer.alloc(4)]);
    chunk.writeUInt32BE(body.length, 0);
    writeFileSync(file, Buffer.concat([plain.subarray(0, 33), chunk, plain.subarray(33)]));
    expect(readMetadata(file).fields).toEqual({});
  });

  it.each(['a.jpg', 'a.webp', 'a.tif', 'a.png'])(
    '%s that is cut short or turned around says nothing, and harms nobody',
    async (name) => {
      const bytes = await invented(3, name);
      for (let n = 0; n < bytes.length; n += 37) {
        const file = join(at, `cut-${name}`);
        const cut = Buffer.from(bytes.subarray(0, n));
        if (n > 40) cut[n - 30] = 255;
        writeFileSync(file, cut);
        expect(readMetadata(file).fields).toEqual({});
      }
      expect(readFileSync(join(at, `cut-${name}`)).length).toBeGreaterThan(0);
    },
  );
});
