import type Database from 'better-sqlite3';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { shellWord } from '../../../shared/shell-word.ts';

/**
 * What one column of a result holds. `read` turns it into what is given out and is left out where that is the value itself; it throws a
 * {@link CellError} for text that is not what it should be.
 */
export interface Cell<T> {
  /** As messages say it: `a whole number`. */
  readonly expects: string;
  readonly holds: (value: unknown) => boolean;
  readonly read: ((value: unknown) => T) | undefined;
}

/** The columns of a result by name. */
export interface Columns<T> {
  readonly columns: { readonly [K in keyof T]: Cell<T[K]> };
}

/** The columns of a result in their order, as an array. */
export interface List<T> {
  readonly cells: readonly Cell<unknown>[];
  /** What the array holds, for the compiler. */
  readonly of?: T;
}

/** What a row of a result is read as. */
export type Shape<T> = Columns<T> | List<T> | Cell<T>;

/** What a column says that it cannot mean. */
class CellError extends Error {}

const cell = <T>(expects: string, holds: (value: unknown) => boolean, read?: (value: unknown) => T): Cell<T> => ({
  expects,
  holds,
  read,
});

export const integer: Cell<number> = cell('a whole number', Number.isInteger);
export const real: Cell<number> = cell('a number', (v) => typeof v === 'number');
export const text: Cell<string> = cell('text', (v) => typeof v === 'string');
export const bytes: Cell<Buffer> = cell('bytes', (v) => Buffer.isBuffer(v));
/** 0 and 1, as SQLite has truth. */
export const flag: Cell<boolean> = cell(
  '0 or 1',
  (v) => v === 0 || v === 1,
  (v) => v === 1,
);

/** Text out of a list. */
export function oneOf<const V extends string>(values: readonly V[]): Cell<V> {
  const known = new Set<unknown>(values);
  return cell(`one of ${values.join(', ')}`, (v) => known.has(v));
}

/** NULL, or what the cell holds. */
export function nullable<T>(of: Cell<T>): Cell<T | null> {
  const { read } = of;
  return cell(
    `${of.expects} or nothing`,
    (v) => v === null || of.holds(v),
    read === undefined ? undefined : (v) => (v === null ? null : read(v)),
  );
}

/** JSON text that a schema describes. Keys that the schema does not know are dropped. */
export function json<S extends z.ZodType>(schema: S): Cell<z.output<S>> {
  return cell(
    'JSON',
    (v) => typeof v === 'string',
    (v) => {
      let value: unknown;
      try {
        value = JSON.parse(v as string);
      } catch (cause) {
        throw new CellError('is no JSON', { cause });
      }
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      const at = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.map(String).join('.')}`;
      throw new CellError(`is not what it should be${at}: ${issue?.message ?? ''}`);
    },
  );
}

/** A result's columns by name. */
export function record<T>(columns: { readonly [K in keyof T]: Cell<T[K]> }): Columns<T> {
  return { columns };
}

/** A result's columns in their order. */
export function list<const C extends readonly Cell<unknown>[]>(
  ...cells: C
): List<{ -readonly [K in keyof C]: C[K] extends Cell<infer T> ? T : never }> {
  return { cells };
}

/**
 * A statement whose results are looked at where they enter: every column of every row must hold what the reader expects of it (SQLite
 * keeps whatever a damaged page or another program wrote). A single {@link Cell} reads statements of one column and gives its values.
 *
 * `first` looks at the first row of each result alone. It is for streams of millions of rows of plain columns (a million rows of
 * seven columns take 0.35 s unread, up to a quarter more when every one is looked at, a third more where they come one by one), not for cells
 * that read (JSON, flags).
 * @throws CovisError `INPUT_CORRUPT` with table and column when a row is read that holds something else. Error for a statement whose
 * columns are not the reader's.
 */
export function select<T>(
  db: Database.Database,
  sql: string,
  shape: Shape<T>,
  check: 'every' | 'first' = 'every',
): Select<T> {
  return new Select<T>(db, sql, shape, check);
}

/** @see select */
class Select<T> {
  readonly #db: Database.Database;
  readonly #statement: Database.Statement<unknown[]>;
  readonly #names: readonly (string | number)[];
  readonly #cells: readonly Cell<unknown>[];
  readonly #reads: readonly (readonly [number, (value: unknown) => unknown])[];
  readonly #single: boolean;
  readonly #every: boolean;

  constructor(db: Database.Database, sql: string, shape: Shape<T>, check: 'every' | 'first') {
    this.#db = db;
    this.#statement = db.prepare(sql);
    this.#every = check === 'every';
    this.#single = 'holds' in shape;
    const given = this.#statement.columns().map((c) => c.name);
    if ('columns' in shape) {
      this.#names = Object.keys(shape.columns);
      this.#cells = Object.values(shape.columns);
    } else {
      this.#cells = 'holds' in shape ? [shape] : shape.cells;
      this.#names = this.#cells.map((_, i) => i);
      // One column comes as its values, several come as arrays.
      if (this.#single) this.#statement.pluck();
      else this.#statement.raw();
    }
    const fits =
      'columns' in shape
        ? given.length === this.#names.length && given.every((n) => this.#names.includes(n))
        : given.length === this.#cells.length;
    if (!fits)
      throw new Error(`A statement gives the columns ${given.join(', ')}, its reader wants ${this.#names.join(', ')}`);
    this.#reads = this.#cells.flatMap((c, i) => (c.read === undefined ? [] : [[i, c.read] as const]));
    if (!this.#every && this.#reads.length > 0) throw new Error('Only plain columns can be looked at once');
  }

  /** All rows. */
  all(...params: unknown[]): T[] {
    const rows = this.#asked(() => this.#statement.all(...params)) as unknown[];
    const looked = this.#every ? rows.length : Math.min(1, rows.length);
    for (let i = 0; i < looked; i += 1) rows[i] = this.#take(rows[i]);
    return rows as T[];
  }

  /** The first row; undefined where there is none. */
  get(...params: unknown[]): T | undefined {
    const found = this.#asked(() => this.#statement.get(...params));
    return found === undefined ? undefined : (this.#take(found) as T);
  }

  /** The first row of a statement that always has one, or of a row that another refers to. @throws CovisError `INPUT_CORRUPT` without it. */
  one(...params: unknown[]): T {
    const found = this.#asked(() => this.#statement.get(...params));
    if (found === undefined) throw this.#damaged('lacks a row that others refer to');
    return this.#take(found) as T;
  }

  /** Row by row. Nothing else may use the connection until it ends. */
  *iterate(...params: unknown[]): IterableIterator<T> {
    let first = true;
    for (const r of this.#statement.iterate(...params)) {
      yield (this.#every || first ? this.#take(r) : r) as T;
      first = false;
    }
  }

  /** SQLite finds some damage only where it reads. */
  #asked<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      if (damageOf(error) !== undefined) throw this.#damaged('is damaged where this is read', error);
      throw error;
    }
  }

  #take(found: unknown): unknown {
    const cells = this.#cells;
    if (this.#single) {
      const { holds, read } = cells[0]!;
      if (!holds(found)) throw this.#wrong(0, found);
      return read === undefined ? found : this.#read(0, read, found);
    }
    const r = found as Record<string | number, unknown>;
    const names = this.#names;
    for (let i = 0; i < cells.length; i += 1) if (!cells[i]!.holds(r[names[i]!])) throw this.#wrong(i, r[names[i]!]);
    for (const [i, read] of this.#reads) r[names[i]!] = this.#read(i, read, r[names[i]!]);
    return r;
  }

  #read(i: number, read: (value: unknown) => unknown, value: unknown): unknown {
    try {
      return read(value);
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      throw this.#damaged(`holds a damaged row: ${this.#column(i)} ${error.message}`, error);
    }
  }

  #wrong(i: number, value: unknown): CovisError {
    const is =
      value === null
        ? 'nothing'
        : Buffer.isBuffer(value)
          ? 'bytes'
          : typeof value === 'string'
            ? 'text'
            : String(value);
    return this.#damaged(`holds a damaged row: ${this.#column(i)} is ${is} instead of ${this.#cells[i]!.expects}`);
  }

  /** Table and column, as far as SQLite knows them. */
  #column(i: number): string {
    const columns = this.#statement.columns();
    const name = this.#names[i]!;
    const c = typeof name === 'number' ? columns[name] : columns.find((o) => o.name === name);
    return c?.table == null ? (c?.name ?? String(name)) : `${c.table}.${c.column ?? c.name}`;
  }

  #damaged(what: string, cause?: unknown): CovisError {
    return damaged(this.#db, what, cause);
  }
}

/** The error for a library that holds what it cannot. @param what follows "The library". */
export function damaged(db: Database.Database, what: string, cause?: unknown): CovisError {
  return new CovisError('INPUT_CORRUPT', `The library ${what}`, {
    file: db.name,
    hint: `See what is damaged with: covis check ${shellWord(dirname(db.name))}`,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What SQLite said of a file that is damaged, also as {@link Select} passes it on; undefined for any other error. */
export function damageOf(error: unknown): Error | undefined {
  if (error instanceof CovisError) return error.cause === undefined ? undefined : damageOf(error.cause);
  const { code, message } = error as { code?: unknown; message?: unknown };
  const damage =
    // Where the byte that says how the schema is written is overwritten, SQLite has no code of its own for it.
    code === 'SQLITE_ERROR'
      ? message === 'unsupported file format'
      : typeof code === 'string' && /^SQLITE_(CORRUPT|NOTADB|TOOBIG)/.test(code);
  return damage ? (error as Error) : undefined;
}

export type { Select };
