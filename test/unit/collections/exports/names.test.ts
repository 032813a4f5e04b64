import { describe, expect, it } from 'vitest';
import { apart, columnOf, csvLine, joined } from '../../../../src/main/engine/collections/exports/items.ts';
import {
  refuseUnsafePaths,
  staysInside,
  unsafePath,
} from '../../../../src/main/engine/collections/exports/safe-paths.ts';
import { csvRecords } from '../../../../src/main/engine/collections/import-tables.ts';
import { portablePaths } from '../../../../src/main/engine/collections/portable-paths.ts';
import { random } from '../../../../src/main/engine/library/random.ts';

const draw = random(7);
const below = (n: number): number => draw.below(n);
/** Characters that are trouble somewhere, and some that are not. */
const ODD = [
  ...'aA.. -_%\\/:*?"<>|;,\'\t\n\r\u0000\u007f\u0085ßſİıÅ\u212bé\u0301日本\u202e\ufeff😀',
  'CON',
  'nul.',
  'e\u0301',
];
const text = (most: number): string => Array.from({ length: 1 + below(most) }, () => ODD[below(ODD.length)]!).join('');

describe('drawn at random', () => {
  it('names of any kind become paths that exports take', () => {
    for (let round = 0; round < 200; round += 1) {
      const photos = Array.from({ length: 20 }, (_, i) => ({ sha256: `${i}`.padStart(64, '0'), names: [text(12)] }));
      const paths = portablePaths(photos);
      expect(() => refuseUnsafePaths(paths), JSON.stringify(photos)).not.toThrow();
      for (const p of paths) expect(staysInside(p)).toBe(true);
    }
  });

  it('paths that are let through have none of what breaks elsewhere', () => {
    for (let round = 0; round < 20_000; round += 1) {
      const path = `photos/${text(6)}`;
      if (unsafePath(path) !== undefined) continue;
      // As validators and systems have it (shared/cases/collections).
      // eslint-disable-next-line no-control-regex
      expect(path).not.toMatch(/[%\\:*?"<>|\u0000-\u001f]/);
      for (const name of path.split('/')) expect(name).not.toMatch(/^$|^\.|[ .]$|^(CON|NUL)(\.|$)/i);
      expect(path.normalize('NFC')).toBe(path);
    }
  });

  it('values and cells are what they were after they were written', () => {
    for (let round = 0; round < 2000; round += 1) {
      const values = Array.from({ length: 1 + below(4) }, () => text(8));
      expect(apart(joined(values))).toEqual(values);
      const rows = Array.from({ length: 1 + below(4) }, () => [text(6), joined(values), '', text(3)]);
      expect(csvRecords(rows.map((r) => `${csvLine(r)}\n`).join(''), 'x.csv')).toEqual(rows);
    }
  });

  it('fields have a column each, whatever they are called', () => {
    const names = ['sha256', 'field.sha256', 'field.', 'title', 'position', 'provenance', 'a b', ''];
    expect(new Set(names.map(columnOf)).size).toBe(names.length);
  });
});

describe.each([
  ['../a', false],
  ['a/../../b', false],
  ['/a', false],
  ['\\\\server\\share', false],
  ['C:/a', false],
  ['c:a', false],
  ['~/a', false],
  ['a\\..\\b', false],
  ['a\0b', false],
  ['', false],
  ['a/b..c/d', true],
  ['a/...', true],
  ['日本/a b.jpg', true],
])('the path %j', (path, inside) => {
  it(inside ? 'stays inside' : 'leads out', () => expect(staysInside(path)).toBe(inside));
});
