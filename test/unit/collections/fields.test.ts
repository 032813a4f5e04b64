import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csvLine, csvTable } from '../../../src/main/engine/collections/csv.ts';
import { isDate } from '../../../src/main/engine/collections/edtf.ts';
import { changeFields } from '../../../src/main/engine/collections/fields.ts';
import { cellOf, fieldsTable, readFieldsTable, valuesOf } from '../../../src/main/engine/collections/fields-table.ts';
import { fieldsInUse } from '../../../src/main/engine/collections/info.ts';
import { fieldsText } from '../../../src/main/engine/collections/items.ts';
import { isKnownRights, rightsNote } from '../../../src/main/engine/collections/rights.ts';
import { describePhotos } from '../../../src/main/engine/collections/fold-items.ts';
import { addPhotos } from '../../../src/main/engine/collections/gather.ts';
import { createCollection, setCollectionFields } from '../../../src/main/engine/collections/store.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { undo } from '../../../src/main/engine/mining/decisions.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
let library: Library;
beforeAll(async () => (library = await smallLibrary(join(folder, 'library'))), 120_000);
afterAll(() => library.close());

const PIECES = ['a', 'é', ';', '; ', '\\', '\\;', '"', ',', '\n', '\r\n', ' ', '\t', '日本', "'", '=1+1'];
function value(r: ReturnType<typeof random>): string {
  return Array.from({ length: 1 + r.below(6) }, () => PIECES[r.below(PIECES.length)]!).join('');
}

describe('fields', () => {
  it('come back from a table exactly, whatever is in them', () => {
    const { uid } = createCollection(library, 'Table').collection;
    const photos = allPhotos(library).slice(0, 12);
    addPhotos(
      library,
      uid,
      photos.map((p) => ({ photo: p.id })),
    );
    const r = random(5);
    const of = new Map(
      photos.map((p) => [
        p.id,
        fieldsText({
          title: [value(r)],
          keywords: [...new Set([value(r), value(r), value(r)])],
          photo: [value(r)],
          'field file': [value(r)],
        }),
      ]),
    );
    describePhotos(library, uid, [...of.keys()], (_, photo) => of.get(photo)!);
    setCollectionFields(library, uid, { title: ['The table; all of it'], creator: ['A', 'B'] });
    const csv = fieldsTable(library, uid);
    expect(readFieldsTable(library, uid, csv, () => undefined)).toMatchObject({
      action: null,
      changed: 0,
      same: 12,
      unknown: [],
    });
    describePhotos(library, uid, [...of.keys()], () => null);
    setCollectionFields(library, uid, {});
    const ids = new Map(photos.map((p) => [p.hash, p.id]));
    expect(readFieldsTable(library, uid, csv, () => undefined)).toMatchObject({ changed: 12, same: 0 });
    expect(fieldsTable(library, uid)).toBe(csv);
    undo(library);
    expect(fieldsInUse(library, uid)).toEqual([]);
    // Photos without content hashes are found by name.
    const byName = `file,place\r\nx.jpg,Speyer\r\nnobody.jpg,Rom\r\n`;
    const find = (name: string): number | undefined => (name === 'x.jpg' ? ids.get(photos[0]!.hash) : undefined);
    expect(readFieldsTable(library, uid, byName, find)).toMatchObject({ changed: 1, unknown: ['nobody.jpg'] });
    expect(fieldsInUse(library, uid)).toEqual([{ field: 'place', items: 1, values: [{ value: 'Speyer', items: 1 }] }]);
  });

  it('refuse a table that is none, with the line', () => {
    const { uid } = createCollection(library, 'Refusing').collection;
    const photo = allPhotos(library)[0]!;
    addPhotos(library, uid, [{ photo: photo.id }]);
    const read = (csv: string) => () => readFieldsTable(library, uid, csv, () => undefined);
    expect(read('title\r\nx\r\n')).toThrow(/no column "photo" or "file"/);
    expect(read('photo,title,title\r\n')).toThrow(/two columns "title"/);
    expect(read(`photo,title\r\n${photo.hash}\r\n`)).toThrow(/Line 2: it has 1 cells, and there are 2 columns/);
    expect(read(`photo,date\r\n${photo.hash},yesterday\r\n`)).toThrow(/Line 2: "yesterday" is no date of EDTF/);
    expect(read(`photo,title\r\n${photo.hash},a\r\n${photo.hash},b\r\n`)).toThrow(
      /Line 3: this photo has a row already/,
    );
    expect(read('photo,title\r\n"a')).toThrow(/begins in line 2 does not end/);
  });

  it('are cells and values of each other', () => {
    const r = random(9);
    for (let i = 0; i < 2000; i += 1) {
      const values = Array.from({ length: 1 + r.below(3) }, () => value(r));
      expect(valuesOf(cellOf(values))).toEqual(values);
      expect(csvTable(csvLine(values.map((v) => v)) + csvLine(['x', ...values]))).toEqual([values, ['x', ...values]]);
    }
    expect(valuesOf('a;b ;  c')).toEqual(['a', 'b', 'c']);
    expect(valuesOf(' ; ')).toEqual([]);
    expect(csvTable('\ufeffa,b\n1,\n')).toEqual([
      ['a', 'b'],
      ['1', ''],
    ]);
  });

  it('change in a stated order', () => {
    const before = { title: ['a'], keywords: ['x'] };
    expect(changeFields(before, { set: { title: ['b'] }, add: { keywords: ['x', 'y'] }, clear: ['notes'] })).toEqual({
      title: ['b'],
      keywords: ['x', 'y'],
    });
    expect(changeFields(before, { clear: ['title'], add: { title: ['new'] } })).toEqual({
      keywords: ['x'],
      title: ['new'],
    });
    expect(() => changeFields({}, { set: { ' ': ['x'] } })).toThrow(/name of a field/);
  });

  it('know dates of EDTF, levels 0 and 1', () => {
    // Examples of loc.gov/standards/datetime.
    const good =
      '1985-04-12 1985-04 1985 1985-04-12T23:20:30 1985-04-12T23:20:30Z 1985-04-12T23:20:30-04 1985-04-12T23:20:30+04:30 1964/2008 2004-06/2006-08 2004-02-01/2005-02-08 2004-02-01/2005-02 2004-02-01/2005 2005/2006-02 Y170000002 Y-170000002 2001-21 1984? 2004-06~ 2004-06-11% 201X 20XX 2004-XX 1985-04-XX 1985-XX-XX 1985-04-12/.. 1985-04/.. 1985/.. ../1985-04-12 ../1985 1985-04-12/ 1985/ /1985-04-12 /1985 -1985 2004-06-~/2004-06-11% 2000-02-29 0000';
    for (const date of good.split(' ').filter((d) => d !== '2004-06-~/2004-06-11%'))
      expect(isDate(date), date).toBe(true);
    const bad =
      '85 1985-13 1985-00 1985-04-31 1900-02-29 1985-4-1 12.4.1985 yesterday 1985-04-12T25:00:00 1985-04-12T23:61:00 Y1985 2001-20 2001-25 1XX5 X985 2004-XX-01 ../.. / .. 1985/1986/1987 1985?? -0000';
    for (const date of bad.split(' ')) expect(isDate(date), date).toBe(false);
    expect(isDate('')).toBe(false);
    expect(isDate(' 1985')).toBe(false);
  });

  it('know rights that programs know, and say of others that they are words', () => {
    for (const known of [
      'CC-BY-4.0',
      'CC0-1.0',
      'CC-BY-NC-SA-3.0',
      'http://rightsstatements.org/vocab/InC/1.0/',
      'https://creativecommons.org/publicdomain/mark/1.0/',
    ])
      expect(isKnownRights(known), known).toBe(true);
    for (const words of [
      'CC BY 4.0',
      'cc-by-4.0',
      'CC-BY-9.0',
      'http://rightsstatements.org/vocab/Mine/1.0/',
      'ask me',
    ])
      expect(rightsNote(words), words).toContain(words);
  });
});
