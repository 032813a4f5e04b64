import Database from 'better-sqlite3';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ColmapDatabase, readDatabaseMatches } from '../../../src/main/engine/sfm/colmap-database.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { database } from '../../support/foreign-models.ts';
import { said } from '../../support/said.ts';

const folder = temporaryFolder();
let count = 0;

function made(sql: string): string {
  const at = join(folder, String((count += 1)));
  mkdirSync(at);
  const file = join(at, 'database.db');
  database(file, [[3, 8]]);
  const db = new Database(file);
  db.exec(sql);
  db.close();
  return file;
}
const names = (file: string): string[] => {
  const db = new ColmapDatabase(file);
  try {
    return db.images().map((i) => i.name);
  } finally {
    db.close();
  }
};
const ENDLESS = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT';

describe('a database of a stranger', () => {
  it.each([
    [
      'an endless view',
      `DROP TABLE images; CREATE VIEW images AS ${ENDLESS} i AS image_id, 'a' AS name, 1 AS camera_id FROM n`,
      /a view named images/,
    ],
    [
      'an endless view of keypoints',
      `DROP TABLE keypoints; CREATE VIEW keypoints AS ${ENDLESS} 1 AS image_id, 1 AS rows, 4 AS cols, i AS data FROM n`,
      /a view named keypoints/,
    ],
    [
      'a trigger',
      'CREATE TRIGGER t AFTER INSERT ON images BEGIN DELETE FROM cameras; END',
      /a trigger on its table images/,
    ],
    [
      'a computed column',
      'ALTER TABLE cameras DROP COLUMN width; ALTER TABLE cameras ADD COLUMN width INTEGER GENERATED ALWAYS AS (camera_id * 9) VIRTUAL',
      /a computed column width in its table cameras/,
    ],
    [
      'a virtual table',
      'DROP TABLE images; CREATE VIRTUAL TABLE images USING fts5(image_id, name, camera_id)',
      /a virtual table images/,
    ],
  ])('with %s is refused', (_, sql, expected) => {
    const text = said(() => names(made(sql)));
    expect(text).toMatch(/^INPUT_UNSUPPORTED: This COLMAP database has .*, and only plain tables are read$/);
    expect(text).toMatch(expected);
  });

  it.each([
    [
      'no key',
      'CREATE TABLE k AS SELECT * FROM keypoints; DROP TABLE keypoints; ALTER TABLE k RENAME TO keypoints',
      /a table keypoints that is not found by image_id/,
    ],
    [
      'a key of text',
      "ALTER TABLE images RENAME TO i; CREATE TABLE images (image_id TEXT PRIMARY KEY, name TEXT, camera_id INTEGER); INSERT INTO images VALUES ('1', 'a', 1)",
      /not found by image_id/,
    ],
    ['no such column', 'ALTER TABLE images DROP COLUMN name', /no column name in its table images/],
  ])('with %s is refused', (_, sql, expected) => expect(said(() => names(made(sql)))).toMatch(expected));

  it('may have other views and triggers, which are not looked at', () => {
    const sql = `CREATE VIEW other AS ${ENDLESS} i FROM n; CREATE TABLE mine (a); CREATE TRIGGER t AFTER INSERT ON mine BEGIN DELETE FROM images; END`;
    expect(names(made(sql))).toEqual(['a.jpg', 'b.jpg', 'alone.jpg']);
  });

  it('has nothing written beside it, though it writes ahead', () => {
    const file = made('PRAGMA journal_mode = WAL');
    const before = [readFileSync(file), statSync(file).mtimeMs];
    expect(readFileSync(file).subarray(18, 20)).toEqual(Buffer.of(2, 2));
    const db = new ColmapDatabase(file);
    expect(db.images().length).toBe(3);
    expect(readdirSync(join(file, '..'))).toEqual(['database.db']);
    db.close();
    expect(readdirSync(join(file, '..'))).toEqual(['database.db']);
    expect([readFileSync(file), statSync(file).mtimeMs]).toEqual(before);
  });

  it('is read with what was written ahead, which stays as it was', () => {
    const file = made('PRAGMA journal_mode = WAL');
    const writer = new Database(file);
    try {
      writer.exec("PRAGMA wal_autocheckpoint = 0; INSERT INTO images VALUES (99, 'late.jpg', 1)");
      const log = (): Buffer => readFileSync(`${file}-wal`);
      const before = log();
      expect(before.length).toBeGreaterThan(0);
      expect(names(file)).toEqual(['a.jpg', 'b.jpg', 'alone.jpg', 'late.jpg']);
      expect(log()).toEqual(before);
    } finally {
      writer.close();
    }
  });

  it('is refused where its log is a pipe', () => {
    const file = made('PRAGMA user_version = 1');
    writeFileSync(`${file}-wal`, 'x');
    rmSync(`${file}-wal`);
    expect(spawnSync('mkfifo', [`${file}-wal`]).status).toBe(0);
    // A pipe has no bytes until somebody writes: it is no log.
    expect(names(file).length).toBe(3);
  });

  it('ends where its pages lead in a circle', () => {
    const file = made('PRAGMA user_version = 1');
    const bytes = readFileSync(file);
    const size = bytes.readUInt16BE(16);
    // Each page that holds rows is made one that leads to pages, itself among them.
    for (let at = size; at + size <= bytes.length; at += size)
      if (bytes[at] === 0x0d) {
        bytes[at] = 0x05;
        bytes.writeUInt32BE(at / size + 1, at + 8);
      }
    writeFileSync(file, bytes);
    expect(said(() => readDatabaseMatches(file, 1))).toMatch(/^INPUT_CORRUPT: This COLMAP database/);
  });
});
