import Database from 'better-sqlite3';
import type { Random } from '../../../src/main/engine/library/random.ts';
import { pick, type Mutator } from './bytes.ts';

/** What a cell may hold that nobody expects in it. */
const CELLS: readonly string[] = [
  'NULL',
  '0',
  '-1',
  '1',
  '2147483648',
  '4294967296',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '1e999',
  '-1e999',
  '1.5',
  "''",
  "'1'",
  "'a'",
  "'NaN'",
  "'{}'",
  "'[]'",
  '\'{"__proto__":1}\'',
  "'../../../../elsewhere'",
  "'/etc/hostname'",
  "x''",
  "x'00'",
  "x'ff'",
  'zeroblob(100000)',
  "CAST(x'fffe' AS TEXT)",
  "printf('%.*c', 100000, 'x')",
];

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function change(r: Random, db: Database.Database): void {
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all() as string[];
  if (tables.length === 0) return;
  const table = pick(r, tables);
  const columns = (db.pragma(`table_info(${quoted(table)})`) as { name: string }[]).map((c) => c.name);
  const column = pick(r, columns.length > 0 ? columns : ['rowid']);
  const some = `rowid IN (SELECT rowid FROM ${quoted(table)} ORDER BY rowid LIMIT ${1 + r.below(3)} OFFSET ${r.below(12)})`;
  switch (r.below(12)) {
    case 0:
      db.exec(`DELETE FROM ${quoted(table)} WHERE ${some}`);
      break;
    case 1:
      db.exec(`DROP TABLE ${quoted(table)}`);
      break;
    case 2:
      db.exec(`ALTER TABLE ${quoted(table)} RENAME COLUMN ${quoted(column)} TO other`);
      break;
    case 3:
      db.exec(`ALTER TABLE ${quoted(table)} DROP COLUMN ${quoted(column)}`);
      break;
    case 4:
      db.exec(`DROP TABLE ${quoted(table)}; CREATE VIEW ${quoted(table)} AS SELECT 1 AS ${quoted(column)}`);
      break;
    case 5:
      db.pragma(`user_version = ${pick(r, [0, 1, 5, 1000, 2147483647, -1])}`);
      break;
    case 6: {
      const shorter = `substr(${quoted(column)}, 1, length(${quoted(column)}) - ${1 + r.below(9)})`;
      db.exec(`UPDATE ${quoted(table)} SET ${quoted(column)} = ${shorter} WHERE ${some}`);
      break;
    }
    case 7:
      db.exec(
        `UPDATE ${quoted(table)} SET ${quoted(column)} = ${quoted(column)} + ${pick(r, [1, -1, 1000, 0.5])} WHERE ${some}`,
      );
      break;
    default:
      db.exec(`UPDATE OR IGNORE ${quoted(table)} SET ${quoted(column)} = ${pick(r, CELLS)} WHERE ${some}`);
  }
}

/** Cells, columns and tables of a database become others; the file stays a sound database. */
export const sqlRows: Mutator = (r, bytes) => {
  let db: Database.Database | undefined;
  try {
    db = new Database(bytes);
    db.pragma('foreign_keys = OFF');
    db.pragma('ignore_check_constraints = ON');
    for (let n = 1 + r.below(3); n > 0; n -= 1) change(r, db);
    return Buffer.from(db.serialize());
  } catch {
    // What was damaged before, or what this database does not take.
    return bytes;
  } finally {
    db?.close();
  }
};

/** Pages of a database take each other's place, or are emptied. */
export const sqlPages: Mutator = (r, bytes) => {
  if (bytes.length < 1024) return bytes;
  const size = bytes.readUInt16BE(16) || 4096;
  const pages = Math.floor(bytes.length / Math.max(512, size));
  if (pages < 2) return bytes;
  const out = Buffer.from(bytes);
  const [a, b] = [r.below(pages) * size, r.below(pages) * size];
  if (r.next() < 0.6) bytes.copy(out, b, a, a + size);
  else out.fill(pick(r, [0, 0xff]), a, Math.min(out.length, a + size));
  return out;
};
