import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GroundTruth } from '../../../src/main/engine/evaluation/ground-truth.ts';
import { readGroundTruth, readNames } from '../../../src/main/engine/evaluation/ground-truth-files.ts';
import { writePickle } from '../../../src/main/engine/formats/pickle-writer.ts';
import type { CovisError } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
let made = 0;
function put(name: string, content: string | Uint8Array): string {
  const at = join(folder, `t${(made += 1)}`);
  mkdirSync(at);
  writeFileSync(join(at, name), content);
  return join(at, name);
}
const of = (value: unknown): GroundTruth => readGroundTruth(put('gnd.json', JSON.stringify(value)), 'oxford');
function said(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { code, message } = error as CovisError;
    return `${code}: ${message}`;
  }
  return 'read';
}

describe('names of a ground truth', () => {
  it('with equal file names in two folders are two images, in labels and in queries', () => {
    const t = of({
      imlist: ['a/0.jpg', 'b/0.jpg', 'a/1.jpg', 'b/1.jpg'],
      qimlist: ['a/0.jpg', 'data/b/0.jpg'],
      gnd: [{ ok: ['a/1.jpg'], junk: ['a/0.jpg'] }, { ok: ['b/1'] }],
    });
    expect(t.queries.map((q) => [q.row, q.labels])).toEqual([
      [0, { ok: [2], junk: [0] }],
      [1, { ok: [3] }],
    ]);
  });

  it('that fit several images are refused and listed', () => {
    const images = ['a/0.jpg', 'b/0.jpg', 'c.jpg', 'c.png'];
    const bad = (label: string): string => said(() => of({ imlist: images, qimlist: ['q'], gnd: [{ ok: [label] }] }));
    expect(bad('0.jpg')).toBe(
      'INPUT_INVALID: This ground truth has 1 names that may mean several of its images: 0.jpg (a/0.jpg or b/0.jpg)',
    );
    expect(bad('c')).toMatch(/c \(c\.jpg or c\.png\)$/);
    expect(bad('c.png')).toBe('read');
    expect(said(() => of({ imlist: images, qimlist: ['0'], gnd: [{ ok: [2] }] }))).toMatch(
      /0 \(a\/0\.jpg or b\/0\.jpg\)$/,
    );
  });

  it('in a folder that the list does not have are missing, not the one of that file name', () => {
    expect(said(() => of({ imlist: ['a/0.jpg'], qimlist: ['q'], gnd: [{ ok: ['b/0.jpg'] }] }))).toBe(
      'INPUT_INVALID: This ground truth names 1 image that its list does not have: b/0.jpg',
    );
    const t = of({ imlist: ['database/0.jpg'], qimlist: ['query/0.jpg'], gnd: [{ ok: [0] }] });
    expect(t.queries[0]!.row).toBeNull();
  });

  it('of two folders never share one image without folders', () => {
    expect(
      said(() => of({ imlist: ['0.jpg', '1.jpg'], qimlist: ['1'], gnd: [{ ok: ['a/0.jpg', 'b/0.jpg'] }] })),
    ).toMatch(/^INPUT_INVALID: This ground truth has 2 names .*: a\/0\.jpg \(0\.jpg\), b\/0\.jpg \(0\.jpg\)$/);
  });

  it('may leave endings out on either side, and never change them', () => {
    const t = of({ imlist: ['x', 'y.png', 'z.jpg'], qimlist: ['x.jpg'], gnd: [{ ok: ['y', 'x.jpg', 'z.jpg'] }] });
    expect([t.queries[0]!.row, t.queries[0]!.labels.ok]).toEqual([0, [1, 0, 2]]);
    expect(said(() => of({ imlist: ['y.png'], qimlist: ['q'], gnd: [{ ok: ['y.jpg'] }] }))).toMatch(
      /does not have: y\.jpg/,
    );
    expect(said(() => of({ imlist: ['x'], qimlist: ['q'], gnd: [{ ok: ['x.jpg', 'x.png'] }] }))).toMatch(
      /1 names .*: x\.png \(x, which x\.jpg means as well\)$/,
    );
  });

  it('in two normal forms of Unicode are one', () => {
    const t = of({ imlist: ['Mu\u0308ller.jpg'], qimlist: ['M\u00fcller.jpg'], gnd: [{ ok: ['M\u00fcller'] }] });
    expect([t.queries[0]!.row, t.queries[0]!.labels.ok]).toEqual([0, [0]]);
  });

  it('are in the list once', () => {
    expect(said(() => of({ imlist: ['a/0.jpg', 'b', './a//0.jpg'], qimlist: ['b'], gnd: [{ ok: [0] }] }))).toBe(
      'INPUT_INVALID: The list of images has 1 names more than once: ./a//0.jpg',
    );
    expect(said(() => readGroundTruth(put('l.txt', 'a.jpg 1\nb.jpg 1\na.jpg 2\n'), 'recall'))).toMatch(
      /has 1 names more than once: a\.jpg/,
    );
  });

  it('of queries by number are those rows, whatever they are called', () => {
    const t = of({ imlist: ['a/0.jpg', 'b/0.jpg'], qidx: [1, 0], gnd: [{ ok: [0] }, { ok: [1] }] });
    expect(t.queries.map((q) => [q.name, q.row])).toEqual([
      ['b/0.jpg', 1],
      ['a/0.jpg', 0],
    ]);
  });

  it('are the same in a pickle', () => {
    const record = { imlist: ['a/0', 'b/0'], qimlist: ['b/0'], gnd: [{ ok: ['a/0'], bbx: [0, 0, 1, 1] }] };
    const t = readGroundTruth(put('gnd.pkl', writePickle(record)), 'oxford');
    expect(t.queries).toEqual([{ name: 'b/0', bbx: [0, 0, 1, 1], row: 1, labels: { ok: [0] } }]);
  });
});

describe('lists of names', () => {
  it('keep spaces that are part of a name, with CRLF, a byte order mark, UTF-16 and old encodings', () => {
    const names = ['a  b.jpg', ' c.jpg', 'd.jpg ', 'Mü.jpg'];
    const text = names.join('\r\n');
    expect(readNames(put('n.txt', `\uFEFF${text}\r\n`))).toEqual(names);
    expect(readNames(put('n.txt', Buffer.from(`\uFEFF${text}`, 'utf16le')))).toEqual(names);
    expect(readNames(put('n.txt', Buffer.from(`\uFEFF${text}`, 'utf16le').swap16()))).toEqual(names);
    // One Latin-1 name among names in UTF-8 refuses and changes none of the others.
    const mixed = Buffer.concat([Buffer.from('日.jpg\nM'), Buffer.of(0xfc), Buffer.from('.jpg\nß.jpg\n')]);
    expect(readNames(put('n.txt', mixed))).toEqual(['日.jpg', 'Mü.jpg', 'ß.jpg']);
  });

  it('of Holidays have one name a line; names without two digits are refused, folders with equal names apart', () => {
    const read = (text: string): unknown =>
      readGroundTruth(put('l.txt', text), 'holidays').queries.map((q) => [q.name, q.labels.ok]);
    expect(read('my photos/100000.jpg\nmy photos/100001.jpg\n')).toEqual([['my photos/100000.jpg', [1]]]);
    expect(said(() => read('100000.jpg\n100001.jpg 3\n'))).toBe(
      'INPUT_INVALID: Name 2 does not end in two digits: 100001.jpg 3',
    );
    expect(read('x/100000.jpg\ny/100000.jpg\nx/100001.jpg\ny/100001.jpg\n')).toEqual([
      ['x/100000.jpg', [2]],
      ['y/100000.jpg', [3]],
    ]);
    // Folders of one set of groups.
    expect(read('x/100000.jpg\ny/100001.jpg\n')).toEqual([['x/100000.jpg', [1]]]);
  });

  it('of classes have the class behind the last blank, or in quoted cells', () => {
    const read = (text: string): unknown =>
      readGroundTruth(put('l.txt', text), 'recall').queries.map((q) => [q.name, q.labels.ok]);
    const two = (a: string, b: string): unknown => [
      [a, [1]],
      [b, [0]],
    ];
    expect(read('a  b.jpg 7\nc d.jpg 7\n')).toEqual(two('a  b.jpg', 'c d.jpg'));
    expect(read('"a, b.jpg",7\n"c ""d"".jpg",7\n')).toEqual(two('a, b.jpg', 'c "d".jpg'));
    expect(read('red car/my photo.jpg\nred car/other photo.jpg\nbus/a b.jpg\n')).toEqual([
      ...(two('red car/my photo.jpg', 'red car/other photo.jpg') as unknown[]),
      ['bus/a b.jpg', []],
    ]);
  });
});

describe('Oxford’s files', () => {
  it('have names with spaces: a query ends in four numbers', () => {
    const images = put('list.txt', '\uFEFFall  souls 1.jpg\r\nb 2\r\noxc1_c.jpg\r\n');
    const at = join(folder, 'spaces');
    mkdirSync(at);
    writeFileSync(join(at, 'a_query.txt'), 'oxc1_all  souls 1 136.5 34.1 648.5 955.7\r\n');
    writeFileSync(join(at, 'a_good.txt'), 'b 2\r\n');
    writeFileSync(join(at, 'b_query.txt'), 'oxc1_c 1 2 3e2 -4\n');
    writeFileSync(join(at, 'b_junk.txt'), 'all  souls 1\n');
    writeFileSync(join(at, 'a_junk.txt'), '');
    writeFileSync(join(at, 'b_good.txt'), '');
    expect(readGroundTruth(at, 'oxford', images).queries).toEqual([
      { name: 'all  souls 1', bbx: [136.5, 34.1, 648.5, 955.7], row: 0, labels: { ok: [1], junk: [] } },
      { name: 'oxc1_c', bbx: [1, 2, 300, -4], row: 2, labels: { ok: [], junk: [0] } },
    ]);
    writeFileSync(join(at, 'b_query.txt'), 'oxc1_c 1 2 3\n');
    expect(said(() => readGroundTruth(at, 'oxford', images))).toMatch(/^INPUT_CORRUPT: This is no query/);
  });
});
