/** A new database of what can be read of a damaged one. */
import Database from 'better-sqlite3';
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CovisError, ofSystem } from '../../../shared/errors.ts';
import { logFailure, logger } from '../environment/log.ts';
import { refuseStandIn } from '../formats/recognise.ts';
import { copyDatabase, databaseStamp } from './database-copy.ts';
import { DatabasePages, type StoredRow, type Tree, type Value } from './pages.ts';
import { integer, record, select, text } from './rows.ts';
import { LATEST, migrate } from './schema.ts';
import { databaseFaults } from './soundness.ts';
import { layoutOf, type TableLayout } from './table-layout.ts';

/** What became of a table. */
export interface RecoveredTable {
  readonly table: string;
  readonly rows: number;
  /** Rows that it had and has no more; null where nothing says how many there were. */
  readonly lost: number | null;
  /** Pages of it that are damaged. */
  readonly pages: number;
  /** Of the lost rows, those that could be read and refer to what was lost. */
  readonly dangling: number;
  /** Rows that are there without what they referred to: a view without its photo, an action without the one before it. */
  readonly loosened: number;
}

export interface Recovery {
  /** The damaged database, as it was; its journal is beside it. */
  readonly kept: string;
  readonly tables: readonly RecoveredTable[];
  /** Folders and files that scenes were imported from. */
  readonly sources: readonly string[];
  /** Networks whose files are there, and which the database does not know any more. */
  readonly networks: readonly string[];
}

/** References that a row can be without; a row without another one would say something else. */
const LOOSE = new Set([
  'view_all.photo_id',
  'action.parent',
  'decision.previous',
  'training_run.result_id',
  'mining_run.training_id',
  'collection_item.head',
  'collection_item.source_id',
  'version_item.photo_id',
  'version_item.source_id',
]);
/** Entries of an index that are compared with its table, at most. */
const COMPARED = 3_000_000;
const DATABASE = 'library.db';

/**
 * Reads what can be read of a damaged database, page by page, and puts it in its place as a new one once that is found sound. Rows come
 * from pages that are whole in every respect that SQLite's format lets be looked at, fit the columns and constraints of their table and
 * agree with its indexes; what they refer to is there. The damaged file is only read, and kept under another name with its journal.
 * @param check throws where the task was stopped. @throws CovisError `INPUT_CORRUPT` where the first page is damaged, which says where
 * everything is, `INPUT_UNSUPPORTED` for one of a newer Covis, `STATE_CONFLICT` while something else has the library open. Nothing is
 * changed then.
 */
export function recoverDatabase(path: string, check: () => void = () => undefined): Recovery {
  const root = resolve(path);
  const file = join(root, DATABASE);
  refuseStandIn(file);
  const made = `${file}.recovering-${randomUUID()}`;
  mkdirSync(made);
  try {
    const before = copyDatabase(root, made);
    const fresh = join(made, 'fresh.db');
    const { tables, sources, uids } = intoFresh(workingCopy(made, file), file, fresh, check);
    if (databaseStamp(root) !== before)
      throw new CovisError('STATE_CONFLICT', 'The library was written to while it was read', {
        file,
        hint: 'Close the studio and all commands that have it open, and try again.',
      });
    // Closing it again writes what waits in the journal, so that nothing is compared behind this.
    refuseOthers(file);
    const kept = keep(made, file);
    renameSync(fresh, file);
    for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
    return { kept, tables, sources, networks: unknownNetworks(root, uids) };
  } catch (error) {
    throw ofSystem(error, file);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** A second copy with what waits in the journal put in its place by SQLite itself. */
function workingCopy(made: string, file: string): string {
  const work = join(made, 'work.db');
  copyFileSync(join(made, DATABASE), work);
  const journal = join(made, `${DATABASE}-wal`);
  if (!existsSync(journal)) return work;
  copyFileSync(journal, `${work}-wal`);
  try {
    const db = new Database(work);
    try {
      db.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      db.close();
    }
  } catch (error) {
    logFailure(logger('library'), `The journal of ${file} could not be read`, error);
  }
  return work;
}

/** @throws CovisError `STATE_CONFLICT` while another connection is open, also an idle one. */
function refuseOthers(file: string): void {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { timeout: 0, fileMustExist: true });
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN IMMEDIATE; ROLLBACK');
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    if (typeof code === 'string' && /^SQLITE_(BUSY|LOCKED)/.test(code))
      throw new CovisError('STATE_CONFLICT', 'Another program has this library open', {
        file,
        hint: 'Close the studio and all commands that have it open, and try again.',
      });
    // Too damaged to be opened: then nobody else has it open either.
    logFailure(logger('library'), `${file} cannot be locked`, cause);
  } finally {
    db?.close();
  }
}

/** Puts the copies of the damaged database and its journal where they stay. @returns the database's name. */
function keep(made: string, file: string): string {
  const day = new Date().toISOString().slice(0, 10);
  let kept = `${file}.damaged-${day}`;
  for (let n = 2; existsSync(kept); n += 1) kept = `${file}.damaged-${day}-${n}`;
  renameSync(join(made, DATABASE), kept);
  if (existsSync(join(made, `${DATABASE}-wal`))) renameSync(join(made, `${DATABASE}-wal`), `${kept}-wal`);
  return kept;
}

function unknownNetworks(root: string, uids: ReadonlySet<string>): string[] {
  const folder = join(root, 'networks');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.onnx$/.test(name) && !uids.has(basename(name, '.onnx')))
    .sort()
    .map((name) => join(folder, name));
}

function intoFresh(
  work: string,
  file: string,
  fresh: string,
  check: () => void,
): { tables: RecoveredTable[]; sources: string[]; uids: Set<string> } {
  const pages = openPages(work, file);
  const db = new Database(fresh);
  try {
    db.pragma('journal_mode = OFF');
    db.pragma('foreign_keys = OFF');
    migrate(db, pages.version);
    const triggers = select(
      db,
      "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
      record({ name: text, sql: text }),
    ).all();
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
    const layouts = layoutOf(db);
    const found = treesOf(pages, layouts, file);
    db.pragma('journal_mode = MEMORY');
    const copied = layouts.map((layout) => {
      check();
      return copyTable(db, pages, layout, found);
    });
    raiseSequences(db, pages, found.get('sqlite_sequence'));
    const dangling = removeDangling(db, layouts);
    for (const { sql } of triggers) db.exec(sql);
    const faults = [
      ...databaseFaults(db, true),
      ...select(db, 'SELECT DISTINCT "table" FROM pragma_foreign_key_check', text)
        .all()
        .map((table) => `${table} refers to what is not there`),
    ];
    if (faults.length > 0)
      throw new CovisError('INTERNAL', `What was read of the damaged database is not sound: ${faults.join('; ')}`, {
        file,
      });
    const count = (table: string): number => select(db, `SELECT COUNT(*) FROM ${table}`, integer).one();
    const tables = copied.map(({ table, rows, had, damaged }): RecoveredTable => {
      const { removed = 0, loosened = 0 } = dangling.get(table) ?? {};
      const lost = had !== undefined ? had - rows + removed : damaged > 0 ? null : removed;
      return { table, rows: count(table), lost, pages: damaged, dangling: removed, loosened };
    });
    const texts = (sql: string): string[] => select(db, sql, text).all();
    return {
      tables,
      // Scenes of lists of pairs are called FILE#SIDE/LABEL.
      sources: [
        ...new Set(texts('SELECT root FROM scene ORDER BY id').map((r) => r.replace(/#(train|val|pairs)\/.*$/, ''))),
      ],
      uids: new Set(texts('SELECT uid FROM network')),
    };
  } finally {
    db.close();
    pages.close();
  }
}

/** @throws CovisError where nothing can be found in it. */
function openPages(work: string, file: string): DatabasePages {
  let pages: DatabasePages;
  try {
    pages = new DatabasePages(work);
  } catch (cause) {
    throw new CovisError('INPUT_CORRUPT', 'The beginning of this database is damaged, which says where everything is', {
      file,
      cause,
      hint: 'Nothing was changed. Put back a copy of this file, or make a new library of the same photos and models.',
    });
  }
  const { version } = pages;
  if (version >= 1 && version <= LATEST) return pages;
  pages.close();
  throw new CovisError(
    'INPUT_UNSUPPORTED',
    version < 1
      ? 'This database is of no library of Covis: it says no version'
      : 'This library was made by a newer Covis',
    {
      file,
      hint: version < 1 ? 'Choose another folder, or put back a copy of library.db.' : 'Repair it with that one.',
    },
  );
}

/** The tree of every table and index by name; what hung on damaged pages is added where it fits one table alone. */
function treesOf(pages: DatabasePages, layouts: readonly TableLayout[], file: string): Map<string, Tree> {
  const master = pages.tree(1, 'table');
  const trees = new Map<string, Tree>();
  const byName = new Map(layouts.map((l) => [l.name, l]));
  const entries = master.pages.flatMap((page) => pages.rows(page)).map(({ values }) => values);
  if (master.pages.length === 0 || entries.length === 0)
    throw new CovisError('INPUT_CORRUPT', 'The beginning of this database is damaged, which says where everything is', {
      file,
      hint: 'Nothing was changed. Put back a copy of this file, or make a new library of the same photos and models.',
    });
  // Tables first: where a page is referred to twice, it is theirs.
  for (const wanted of ['table', 'index'])
    for (const [type, name, , rootPage] of entries) {
      if (type !== wanted || typeof name !== 'string' || typeof rootPage !== 'bigint' || rootPage === 0n) continue;
      const kind = type === 'table' && byName.get(name)?.withoutRowid !== true ? 'table' : 'index';
      trees.set(name, pages.tree(Number(rootPage), kind));
    }
  const broken = layouts.flatMap((layout) => {
    const tree = trees.get(layout.name);
    return tree !== undefined && tree.bad.length > 0 ? [{ layout, tree }] : [];
  });
  // Without every tree nobody knows what no tree has.
  const all = layouts.every((l) => trees.has(l.name) && l.indexes.every((i) => trees.has(i.name)));
  const brokenIndex = [...trees].some(([name, t]) => !byName.has(name) && t.bad.length > 0);
  for (const { page, kind } of (all && pages.orphans()) || []) {
    const fitting = broken.filter(
      ({ layout, tree }) => tree.kind === kind && pages.rows(page).every((row) => layout.fits(row)),
    );
    if (fitting.length === 1 && !(kind === 'index' && brokenIndex)) fitting[0]!.tree.pages.push(page);
  }
  return trees;
}

interface Copied {
  readonly table: string;
  readonly rows: number;
  /** How many rows it had, where an index that is whole says so. */
  readonly had: number | undefined;
  readonly damaged: number;
}

function copyTable(
  db: Database.Database,
  pages: DatabasePages,
  layout: TableLayout,
  trees: ReadonlyMap<string, Tree>,
): Copied {
  const tree = trees.get(layout.name);
  db.exec(`DELETE FROM ${layout.name}`);
  if (tree === undefined) return { table: layout.name, rows: 0, had: undefined, damaged: 1 };
  const indexes = layout.indexes.flatMap((index) => {
    const own = trees.get(index.name);
    if (own === undefined || own.bad.length > 0) return [];
    return [{ index, own, entries: own.pages.reduce((n, p) => n + pages.rows(p).length, 0) }];
  });
  const told = indexes
    .filter(({ entries }) => entries <= COMPARED)
    .map(({ index, own }) => ({
      index,
      keys: new Set(own.pages.flatMap((p) => pages.rows(p).map(({ values }) => keyOf(values)))),
    }));
  let damaged = tree.bad.length;
  let rows = 0;
  const inserts = new Map<number, Database.Statement>();
  const onePage = db.transaction((found: readonly StoredRow[]) => {
    let n = 0;
    for (const row of found) {
      if (!told.every(({ index, keys }) => keys.has(keyOf(index.keyOf(row))))) continue;
      const { columns, values } = layout.named(row);
      let insert = inserts.get(columns.length);
      if (insert === undefined)
        inserts.set(
          columns.length,
          (insert = db.prepare(
            `INSERT INTO ${layout.name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
          )),
        );
      insert.run(...values);
      n += 1;
    }
    return n;
  });
  for (const page of tree.pages) {
    const found = pages.rows(page);
    try {
      if (!found.every((row) => layout.fits(row))) damaged += 1;
      else rows += onePage(found);
    } catch (error) {
      // A constraint of the table: one row that breaks it makes the others of its page doubtful, too.
      if (!String((error as { code?: unknown }).code).startsWith('SQLITE_CONSTRAINT')) throw error;
      damaged += 1;
    }
  }
  return { table: layout.name, rows, had: indexes[0]?.entries ?? (damaged === 0 ? rows : undefined), damaged };
}

function keyOf(values: readonly Value[]): string {
  return values
    .map((v) =>
      v === null
        ? 'n'
        : typeof v === 'string'
          ? `s${v.length}:${v}`
          : v instanceof Uint8Array
            ? `b${Buffer.from(v).toString('hex')}`
            : String(Number(v)),
    )
    .join('\0');
}

/** Numbers of rows that were deleted are not given again. */
function raiseSequences(db: Database.Database, pages: DatabasePages, tree: Tree | undefined): void {
  for (const { values } of (tree?.pages ?? []).flatMap((p) => pages.rows(p))) {
    const [name, last] = values;
    if (typeof name !== 'string' || typeof last !== 'bigint') continue;
    const { changes } = db.prepare('UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = ?').run(last, name);
    if (changes === 0) db.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)').run(name, last);
  }
}

/** Takes out rows that refer to rows that are not there, and what refers to them in turn. */
function removeDangling(
  db: Database.Database,
  layouts: readonly TableLayout[],
): Map<string, { removed: number; loosened: number }> {
  const out = new Map<string, { removed: number; loosened: number }>();
  for (let again = true; again;) {
    again = false;
    for (const { name, references } of layouts)
      for (const { from, table, to } of references) {
        const loose = LOOSE.has(`${name}.${from}`);
        const { changes } = db
          .prepare(
            `${loose ? `UPDATE ${name} SET ${from} = NULL` : `DELETE FROM ${name}`} WHERE ${from} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ${table} WHERE ${table}.${to} = ${name}.${from})`,
          )
          .run();
        if (changes === 0) continue;
        again = true;
        const sum = out.get(name) ?? { removed: 0, loosened: 0 };
        sum[loose ? 'loosened' : 'removed'] += changes;
        out.set(name, sum);
      }
  }
  return out;
}
