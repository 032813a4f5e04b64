import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { CovisError, unreadable } from '../../../shared/errors.ts';
import { Budget, LIMITS } from './budget.ts';
import { openRegular, refuseNotRegular, withRegular } from './regular.ts';

const SIGN = 'SQLite format 3\0';
/** What SQLite keeps beside a database while it writes: the last of it may be there alone. */
const BESIDE = ['-wal', '-journal'];
const BLOCK = 1 << 22;
const MOST_OBJECTS = 10_000;

type Value = null | number | bigint | string | Uint8Array;

/** A row of a foreign database: whatever it holds. */
export type ForeignRow = Readonly<Record<string, Value>>;

/** A line of a database's schema, in lower case. */
interface SchemaObject {
  readonly type: string;
  readonly name: string;
  /** The table that it is of. */
  readonly of: string;
  readonly sql: string;
}

/** A table and the column that its rows are found by. */
export type ForeignTables = Readonly<Record<string, { readonly key: string; readonly columns: readonly string[] }>>;

/**
 * An SQLite database of another program, read without trust: plain tables alone, row by row and within a budget of bytes, rows and time. Its
 * schema may not call anything. It is opened as one that never changes, so that nothing is written beside it; where the program's log
 * lies beside it, a copy is read. Close it when done.
 */
export class ForeignDatabase {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #title: string;
  readonly #tables: ForeignTables;
  readonly #budget: Budget;
  readonly #copy: string | undefined;

  /**
   * @param title of sentences, as in "COLMAP database". @param tables those that are read.
   * @throws CovisError `INPUT_MISSING`, `INPUT_CORRUPT` for anything but such a database, `INPUT_UNSUPPORTED` for tables that are computed.
   */
  constructor(file: string, title: string, tables: ForeignTables) {
    this.#file = file;
    this.#title = title;
    this.#tables = tables;
    const head = Buffer.alloc(SIGN.length);
    const { size } = withRegular(file, ({ fd, stats }) => {
      readSync(fd, head, 0, head.length, 0);
      return stats;
    });
    // An empty file is an empty database.
    if (size > 0 && head.toString('latin1') !== SIGN)
      throw new CovisError('INPUT_CORRUPT', 'This file is no SQLite database', { file });
    this.#budget = new Budget(file, size);
    this.#copy = copied(file);
    try {
      const url = pathToFileURL(this.#copy ?? file);
      if (this.#copy === undefined) url.search = 'mode=ro&immutable=1';
      this.#db = this.#ask(() => new DatabaseSync(url, { readOnly: this.#copy === undefined }));
    } catch (error) {
      this.#sweep();
      throw error;
    }
    try {
      this.#ask(() =>
        this.#db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON'),
      );
      const schema = this.#schema();
      for (const table of Object.keys(tables))
        if (!schema.some((o) => o.name === table)) throw this.corrupt(`has no table ${table}`);
      for (const table of Object.keys(tables)) this.#plain(table, schema);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#db.close();
    this.#sweep();
  }

  #sweep(): void {
    if (this.#copy !== undefined) rmSync(join(this.#copy, '..'), { recursive: true, force: true });
  }

  /** An error that says what is wrong with the database. */
  corrupt(message: string, cause?: unknown): CovisError {
    return new CovisError('INPUT_CORRUPT', `This ${this.#title} ${message}`, { file: this.#file, cause });
  }

  #ask<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof CovisError) throw cause;
      const message = (cause as Error).message;
      if (/malformed|corrupt|not a database/.test(message)) throw this.corrupt('is damaged', cause);
      throw this.corrupt(`cannot be read: ${message.slice(0, 200)}`, cause);
    }
  }

  #schema(): SchemaObject[] {
    const out: SchemaObject[] = [];
    for (const o of this.#iterate('SELECT type, name, tbl_name, sql FROM sqlite_master')) {
      if (out.length >= MOST_OBJECTS) throw this.corrupt(`has more than ${MOST_OBJECTS} tables`);
      const text = (key: string): string => String(o[key] ?? '').toLowerCase();
      out.push({ type: text('type'), name: text('name'), of: text('tbl_name'), sql: text('sql') });
    }
    return out;
  }

  /** @throws CovisError unless this name is that of a table which holds what it shows, and is read by a key of its own. */
  #plain(table: string, schema: readonly SchemaObject[]): void {
    const computed = (what: string): CovisError =>
      new CovisError('INPUT_UNSUPPORTED', `This ${this.#title} has ${what}, and only plain tables are read`, {
        file: this.#file,
        hint: 'It was not made by the program that such files are of, and may have been made to harm.',
      });
    for (const { type, sql } of schema.filter((o) => o.name === table)) {
      if (type !== 'table') throw computed(`a ${type} named ${table}`);
      if (!/^create\s+table\b/.test(sql)) throw computed(`a virtual table ${table}`);
    }
    if (schema.some((o) => o.type === 'trigger' && o.of === table)) throw computed(`a trigger on its table ${table}`);
    const { key, columns } = this.#tables[table]!;
    const there = new Map<string, ForeignRow>();
    for (const c of this.#iterate(`PRAGMA table_xinfo("${table}")`)) there.set(String(c['name']).toLowerCase(), c);
    for (const c of [key, ...columns]) {
      const column = there.get(c);
      if (column === undefined) throw this.corrupt(`has no column ${c} in its table ${table}`);
      if (column['hidden'] !== 0) throw computed(`a computed column ${c} in its table ${table}`);
    }
    const keys = [...there.values()].filter((c) => Number(c['pk']) > 0);
    if (keys.length !== 1 || keys[0] !== there.get(key) || !/^integer$/i.test(String(keys[0]!['type'])))
      throw this.corrupt(`has a table ${table} that is not found by ${key}`);
  }

  *#iterate(sql: string, ...values: number[]): Generator<ForeignRow> {
    const statement = this.#ask(() => this.#db.prepare(sql));
    const rows = this.#ask(() => statement.iterate(...values)) as Iterator<ForeignRow>;
    for (let n = 0; ; n += 1) {
      const next = this.#ask(() => rows.next());
      if (next.done === true) return;
      if (n > LIMITS.rows) throw this.corrupt(`has more than ${LIMITS.rows} rows in a table`);
      this.#budget.time();
      for (const v of Object.values(next.value))
        if (typeof v === 'string' || v instanceof Uint8Array) this.#budget.bytes(v.length);
      yield next.value;
    }
  }

  /** All rows of a table by their key, one at a time. @param columns SQL of what is taken of each row; nothing may be sought by it. */
  rows(table: string, columns: string): Generator<ForeignRow> {
    const { key } = this.#tables[table]!;
    return this.#iterate(`SELECT ${key}, ${columns} FROM "${table}" ORDER BY ${key}`);
  }

  /** How many rows a table has that need not be there: 0 where it is not, or is not a plain one. */
  count(table: string): number {
    const named = this.#schema().filter((o) => o.name === table);
    if (named.length !== 1 || named[0]!.type !== 'table' || !/^create\s+table\b/.test(named[0]!.sql)) return 0;
    let n = 0;
    for (const _ of this.#iterate(`SELECT 1 AS one FROM "${table}"`)) n += 1;
    return n;
  }

  /** The row of a table with this key. */
  row(table: string, id: number): ForeignRow | undefined {
    const { key, columns } = this.#tables[table]!;
    const [found] = this.#iterate(`SELECT ${columns.join(', ')} FROM "${table}" WHERE ${key} = ? LIMIT 1`, id);
    return found;
  }
}

/** A copy with what lies beside a database, in a folder of its own; undefined where nothing does. */
function copied(file: string): string | undefined {
  const beside = BESIDE.filter((b) => (statSync(file + b, { throwIfNoEntry: false })?.size ?? 0) > 0);
  if (beside.length === 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'covis-database-'));
  const to = join(folder, basename(file));
  try {
    const parts = ['', ...beside];
    const when = (): string => parts.map((p) => `${refuseNotRegular(file + p).mtimeMs}`).join();
    const before = when();
    for (const p of parts) copy(file + p, to + p);
    if (when() !== before)
      throw new CovisError('STATE_CONFLICT', 'Another program writes to this database', {
        file,
        hint: 'Let it end, then do this again.',
      });
    return to;
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    throw unreadable(cause, file);
  }
}

function copy(from: string, to: string): void {
  const { fd, stats } = openRegular(from);
  const out = openSync(to, 'wx', 0o600);
  try {
    const block = Buffer.allocUnsafe(BLOCK);
    for (let at = 0; at < stats.size;) {
      const n = readSync(fd, block, 0, Math.min(BLOCK, stats.size - at), at);
      if (n === 0) break;
      for (let done = 0; done < n;) done += writeSync(out, block, done, n - done);
      at += n;
    }
  } finally {
    closeSync(fd);
    closeSync(out);
  }
}
