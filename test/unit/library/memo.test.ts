import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { whileUnchanged } from '../../../src/main/engine/library/memo.ts';
import { integer, select } from '../../../src/main/engine/library/rows.ts';

let folder: string;
let library: Library;
let found: number;
const scenes = (): number =>
  whileUnchanged(library, 'scenes', () => {
    found += 1;
    return select(library.db, 'SELECT COUNT(*) FROM scene', integer).one();
  });
const ADD = `INSERT INTO scene (name, root, images) VALUES (?, '/', 'images')`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'covis-memo-'));
  library = Library.create(join(folder, 'library'));
  found = 0;
});
afterEach(() => {
  library.close();
  rmSync(folder, { recursive: true, force: true });
});

it('is found once, and anew after something was written', () => {
  expect([scenes(), scenes(), found]).toEqual([0, 0, 1]);
  library.db.prepare(ADD).run('one');
  expect([scenes(), scenes(), found]).toEqual([1, 1, 2]);
});

it('is found anew after another connection wrote', () => {
  scenes();
  const other = Library.open(library.path, 'sound');
  other.db.prepare(ADD).run('one');
  other.close();
  expect([scenes(), found]).toEqual([1, 2]);
});

it('keeps nothing of a transaction that is taken back', () => {
  scenes();
  library.db.exec('BEGIN');
  library.db.prepare(ADD).run('one');
  expect(scenes()).toBe(1);
  library.db.exec('ROLLBACK');
  expect(scenes()).toBe(0);
});

it('names are apart', () => {
  scenes();
  expect(whileUnchanged(library, 'other', () => 7)).toBe(7);
  expect(scenes()).toBe(0);
});
