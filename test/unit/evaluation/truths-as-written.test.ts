import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type GroundTruth } from '../../../src/main/engine/evaluation/ground-truth.ts';
import { readGroundTruth } from '../../../src/main/engine/evaluation/ground-truth-files.ts';
import { readNames } from '../../../src/main/engine/evaluation/truth-readers/names.ts';
import { writePickle } from '../../../src/main/engine/formats/pickle-writer.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { said } from '../../support/said.ts';

const folder = temporaryFolder();
let made = 0;
function put(name: string, content: string | Uint8Array): string {
  const at = join(folder, `t${(made += 1)}`);
  mkdirSync(at);
  writeFileSync(join(at, name), content);
  return join(at, name);
}

describe('a list of names as a ground truth', () => {
  const of = (text: string, protocol: string): GroundTruth => readGroundTruth(put('list.txt', text), protocol);
  const asks = (text: string, protocol: string): unknown =>
    of(text, protocol).queries.map((q) => [q.name, q.row, q.labels.ok]);

  it('of Holidays has groups by all but the last two digits; the first of each asks', () => {
    expect(asks('100000.jpg\n100001.jpg\n\n100002.jpg\n100100.jpg\r\n100101.jpg\n', 'holidays')).toEqual([
      ['100000.jpg', 0, [1, 2]],
      ['100100.jpg', 3, [4]],
    ]);
  });

  it('of UKBench has groups of four', () => {
    const names = Array.from({ length: 9 }, (_, i) => `u${i}`).join('\n');
    expect(asks(names, 'ukbench')).toEqual(
      Array.from({ length: 9 }, (_, i) => {
        const own = [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((j) => j >> 2 === i >> 2 && j !== i);
        return [`u${i}`, i, own];
      }),
    );
  });

  it('of classes has them after a comma, by folder, or in the second column', () => {
    const groups = [
      ['a', 0, [2]],
      ['b', 1, []],
      ['c', 2, [0]],
    ];
    expect(asks('a, x\nb,y\nc , x', 'recall')).toEqual([
      ['a', 0, [2]],
      ['b', 1, []],
      ['c ', 2, [0]],
    ]);
    expect(of('a, x\nb,y\nc,x', 'recall').queries.map((q) => [q.name, q.row, q.labels.ok])).toEqual(groups);
    expect(of('a x\nb y\nc x', 'recall').queries.map((q) => [q.name, q.row, q.labels.ok])).toEqual(groups);
    expect(of('x/a 1\ny/b 1\nx/c 2', 'recall').queries.map((q) => q.labels.ok)).toEqual([[2], [], [0]]);
    expect(of('x\\a\ny\\b\nx\\c', 'recall').queries.map((q) => q.labels.ok)).toEqual([[2], [], [0]]);
    // In one folder the second column tells; without it all are of one class.
    expect(of('x/a 1\nx/b 2\nx/c 1', 'recall').queries.map((q) => q.labels.ok)).toEqual([[2], [], [0]]);
    expect(of('a\nb', 'recall').queries.map((q) => q.labels.ok)).toEqual([[1], [0]]);
    // One line without a class, and the others have one.
    expect(said(() => of('a,1\nb 2\nc 2', 'recall'))).toBe('INPUT_INVALID: Line 1 has no class, and others have: a,1');
  });

  it('says nothing of other protocols, and of nothing', () => {
    expect(said(() => of('a\nb', 'oxford'))).toMatch(
      /^INPUT_INVALID: A list of names says nothing about the protocol oxford/,
    );
    expect(said(() => of('\n \n', 'recall'))).toBe('INPUT_CORRUPT: This ground truth has no queries');
    expect(said(() => readGroundTruth(join(folder, 'none'), 'recall'))).toBe(
      'INPUT_MISSING: This ground truth does not exist',
    );
  });
});

describe('a record of imlist, qimlist and gnd', () => {
  const of = (value: unknown): GroundTruth => readGroundTruth(put('gnd.json', JSON.stringify(value)), 'oxford');

  it('names queries by name or by row, images by name or by number', () => {
    const t = of({
      imlist: ['d/a.jpg', 'b.png', 'c'],
      qimlist: ['q.jpg', 'x/b'],
      gnd: [
        { bbx: [1, 2, 3, 4], ok: ['a', 2], junk: [] },
        { bbx: [1, 2, 3], easy: [0], hard: ['c.tif'] },
      ],
    });
    expect(t.name).toBe('gnd.json');
    expect(t.images).toEqual(['d/a.jpg', 'b.png', 'c']);
    expect(t.queries).toEqual([
      { name: 'q.jpg', bbx: [1, 2, 3, 4], row: null, labels: { ok: [0, 2], junk: [] } },
      { name: 'x/b', bbx: null, row: 1, labels: { easy: [0], hard: [2] } },
    ]);
    expect(of({ imlist: ['a', 'b'], qidx: [1], gnd: [{ bbx: null, ok: [0] }] }).queries).toEqual([
      { name: 'b', bbx: null, row: 1, labels: { ok: [0] } },
    ]);
  });

  it('is refused where it does not hold together', () => {
    const bad = (value: unknown): string => said(() => of(value));
    expect(bad({ imlist: ['a'], gnd: [{ ok: [0] }] })).toBe(
      'INPUT_CORRUPT: This ground truth names 0 queries and has labels for 1',
    );
    expect(bad({ imlist: ['a'], qimlist: ['a', 'b'], gnd: [{ ok: [0] }] })).toMatch(
      /names 2 queries and has labels for 1/,
    );
    expect(bad({ imlist: ['a'], qimlist: ['a'], gnd: [{ ok: ['x', 'y', 'z'] }] })).toMatch(
      /^INPUT_INVALID: .*names 3 images that its list does not have: x, y, z$/,
    );
    expect(bad({ imlist: ['a'], qimlist: ['a'], gnd: [{ ok: ['w', 'x', 'y', 'z', 'z'] }] })).toMatch(
      /names 4 images .*: w, x, y, …$/,
    );
    expect(bad({ imlist: ['a'], qimlist: ['a'], gnd: [{ ok: [{}] }] })).toMatch(
      /^INPUT_CORRUPT: This is no ground truth: gnd.0.ok.0/,
    );
    expect(bad([])).toMatch(/^INPUT_/);
    expect(said(() => readGroundTruth(put('x.json', '{"a'), 'oxford'))).toBe('INPUT_CORRUPT: This is not JSON');
  });

  it('may be a pickle of protocol 2 to 5, whatever its name', () => {
    const record = { imlist: ['a', 'b'], qimlist: ['q'], gnd: [{ ok: [1], junk: [0] }] };
    const t = readGroundTruth(put('any.dat', writePickle(record)), 'oxford');
    expect(t.queries).toEqual([{ name: 'q', bbx: null, row: null, labels: { ok: [1], junk: [0] } }]);
    expect(said(() => readGroundTruth(put('l.pkl', writePickle([1])), 'oxford'))).toBe(
      'INPUT_CORRUPT: This pickle holds no dictionary',
    );
    // What begins with the same byte and another version is a list of one name.
    const begun = (version: number): string =>
      said(() => readGroundTruth(put('l.dat', Buffer.from([0x80, version, 0x2e])), 'recall'));
    expect([1, 6].map(begun)).toEqual(['read', 'read']);
    for (const version of [2, 3, 4, 5]) expect(begun(version)).toMatch(/^INPUT_CORRUPT: /);
  });
});

describe('lists of names', () => {
  it('are without empty lines and with all blanks of names, of at most 256 MiB', () => {
    expect(readNames(put('n.txt', ' a \r\n\n\tb c\n'))).toEqual([' a ', '\tb c']);
    expect(said(() => readNames(join(folder, 'none.txt')))).toBe('INPUT_MISSING: This list of names does not exist');
    const large = put('large.txt', '');
    truncateSync(large, 2 ** 28 + 1);
    expect(said(() => readNames(large))).toBe('INPUT_UNSUPPORTED: This text file is larger than 256 MiB');
  });
});

describe('Oxford’s folder', () => {
  it('has a query a file, its box, good and ok together', () => {
    const images = put('list.txt', 'a\nb\nc\nd\n');
    const at = join(folder, 'oxford-files');
    mkdirSync(at);
    expect(said(() => readGroundTruth(at, 'oxford', images))).toMatch(/^INPUT_CORRUPT: .*end in _query.txt/);
    writeFileSync(join(at, 'z_1_query.txt'), 'oxc1_b 1.5 2 3 4\n');
    writeFileSync(join(at, 'z_1_ok.txt'), 'd\n');
    writeFileSync(join(at, 'z_1_good.txt'), 'c\n');
    writeFileSync(join(at, 'a_1_query.txt'), 'a\n');
    writeFileSync(join(at, 'a_1_junk.txt'), 'b\nc\n');
    // What one query has, all have, if only as an empty file: one that was not copied would change the score.
    for (const list of ['a_1_good.txt', 'a_1_ok.txt', 'z_1_junk.txt']) {
      const refused = said(() => readGroundTruth(at, 'oxford', images));
      expect(refused).toMatch(/^INPUT_MISSING: This list of a query is missing/);
      writeFileSync(join(at, list), '');
    }
    expect(readGroundTruth(at, 'oxford', images).queries).toEqual([
      { name: 'a', bbx: null, row: 0, labels: { ok: [], junk: [1, 2] } },
      { name: 'b', bbx: [1.5, 2, 3, 4], row: 1, labels: { ok: [2, 3], junk: [] } },
    ]);
    expect(said(() => readGroundTruth(at, 'oxford'))).toMatch(/^INPUT_INVALID: These text files do not list/);
  });
});
