import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  bytes,
  flag,
  integer,
  json,
  list,
  nullable,
  oneOf,
  real,
  record,
  select,
  text,
} from '../../../src/main/engine/library/rows.ts';
import { CovisError } from '../../../src/shared/errors.ts';

let db: Database.Database;
beforeEach(() => {
  db = new Database(':memory:');
  // Not STRICT: any value may stand anywhere, as on a damaged page.
  db.exec(`CREATE TABLE thing (id, name, size, seen, look, facts);
    INSERT INTO thing VALUES (1, 'a', 0.5, 1, x'0102', '{"n": [1, 2]}'), (2, NULL, 3, 0, NULL, '{"n": []}')`);
});

const COLUMNS = 'id, name, size, seen, look, facts';
const SHAPE = record({
  id: integer,
  name: nullable(text),
  size: real,
  seen: flag,
  look: nullable(bytes),
  facts: json(z.object({ n: z.array(z.number()) })),
});

/** The message of what is thrown, which must blame the library. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(CovisError);
    const e = error as CovisError;
    expect(e.code).toBe('INPUT_CORRUPT');
    expect(e.hint).toContain('covis check');
    return e.message;
  }
  throw new Error('Nothing was thrown');
}

describe('rows that are what they should be', () => {
  it('come with flags, JSON and nothing read', () => {
    expect(select(db, `SELECT ${COLUMNS} FROM thing ORDER BY id`, SHAPE).all()).toEqual([
      { id: 1, name: 'a', size: 0.5, seen: true, look: Buffer.from([1, 2]), facts: { n: [1, 2] } },
      { id: 2, name: null, size: 3, seen: false, look: null, facts: { n: [] } },
    ]);
  });

  it('come one by one, in order of columns, or as values of one column', () => {
    expect(select(db, `SELECT ${COLUMNS} FROM thing WHERE id = ?`, SHAPE).get(2)?.seen).toBe(false);
    expect(select(db, `SELECT ${COLUMNS} FROM thing WHERE id = ?`, SHAPE).get(3)).toBeUndefined();
    expect(select(db, 'SELECT seen, id FROM thing ORDER BY id', list(flag, integer)).all()).toEqual([
      [true, 1],
      [false, 2],
    ]);
    expect([...select(db, 'SELECT id FROM thing ORDER BY id DESC', integer).iterate()]).toEqual([2, 1]);
    expect(select(db, 'SELECT name FROM thing WHERE id = :id', oneOf(['a', 'b'])).one({ id: 1 })).toBe('a');
  });
});

describe('rows that are not', () => {
  const wrong = (column: string, value: string): string => {
    db.exec(`UPDATE thing SET ${column} = ${value} WHERE id = 2`);
    return refusal(() => select(db, `SELECT ${COLUMNS} FROM thing ORDER BY rowid`, SHAPE).all());
  };

  it.each([
    ['id', "'two'", 'thing.id is text instead of a whole number'],
    ['id', '2.5', 'thing.id is 2.5 instead of a whole number'],
    ['id', 'NULL', 'thing.id is nothing instead of a whole number'],
    ['name', '7', 'thing.name is 7 instead of text or nothing'],
    ['name', "x'41'", 'thing.name is bytes instead of text or nothing'],
    ['size', "'big'", 'thing.size is text instead of a number'],
    ['seen', '2', 'thing.seen is 2 instead of 0 or 1'],
    ['look', "'ab'", 'thing.look is text instead of bytes or nothing'],
    ['facts', "'{'", 'thing.facts is no JSON'],
    ['facts', `'{"n": ["x"]}'`, 'thing.facts is not what it should be at n.0'],
    ['facts', 'NULL', 'thing.facts is nothing instead of JSON'],
  ])('are refused: %s = %s', (column, value, message) => {
    expect(wrong(column, value)).toContain(message);
  });

  it('are refused wherever they stand, also after good ones and one by one', () => {
    db.exec("UPDATE thing SET id = 'two' WHERE id = 2");
    const rows = select(db, 'SELECT id FROM thing ORDER BY rowid', record({ id: integer })).iterate();
    expect(rows.next().value).toEqual({ id: 1 });
    expect(refusal(() => rows.next())).toContain('thing.id');
    expect(refusal(() => select(db, 'SELECT name FROM thing WHERE rowid = 1', oneOf(['b', 'c'])).get())).toContain(
      'thing.name is text instead of one of b, c',
    );
    expect(refusal(() => select(db, 'SELECT id FROM thing WHERE rowid = 9', integer).one())).toContain('lacks a row');
  });

  it('are looked for in the first row alone where a stream says so', () => {
    const shape = record({ id: integer });
    db.exec("UPDATE thing SET id = 'two' WHERE id = 2");
    expect(select(db, 'SELECT id FROM thing ORDER BY rowid', shape, 'first').all()).toHaveLength(2);
    expect(refusal(() => select(db, 'SELECT id FROM thing ORDER BY rowid DESC', shape, 'first').all())).toContain('id');
  });
});

describe('statements that do not fit their reader', () => {
  it('are mistakes of ours', () => {
    expect(() => select(db, 'SELECT id, name FROM thing', record({ id: integer }))).toThrow(/id, name/);
    expect(() => select(db, 'SELECT id FROM thing', record({ id: integer, name: text }))).toThrow(/name/);
    expect(() => select(db, 'SELECT id, name FROM thing', integer)).toThrow(/id, name/);
    expect(() => select(db, 'SELECT id FROM thing', list(integer, text))).toThrow(/id/);
    expect(() => select(db, 'SELECT seen FROM thing', record({ seen: flag }), 'first')).toThrow(/plain/);
  });
});
