/** How the rows of tables are stored: order, types and keys of their columns. */
import type Database from 'better-sqlite3';
import type { StoredRow, Value } from './pages.ts';
import { integer, nullable, record, select, text } from './rows.ts';

export interface TableLayout {
  readonly name: string;
  readonly withoutRowid: boolean;
  /** True where the values may be a row of this table. */
  fits(row: StoredRow): boolean;
  /** Its columns with their values; those that were added to the table since the row was written are left out. */
  named(row: StoredRow): { readonly columns: readonly string[]; readonly values: readonly Value[] };
  /** Indexes that have an entry for every row. */
  readonly indexes: readonly { readonly name: string; keyOf(row: StoredRow): readonly Value[] }[];
  readonly references: readonly { readonly from: string; readonly table: string; readonly to: string }[];
}

const COLUMN = record({
  cid: integer,
  name: text,
  type: text,
  notnull: integer,
  dflt_value: nullable(text),
  pk: integer,
});

const WHOLE = (v: Value): boolean => typeof v === 'bigint';
const FITS: Readonly<Record<string, (v: Value) => boolean>> = {
  INTEGER: WHOLE,
  INT: WHOLE,
  REAL: (v) => typeof v === 'bigint' || typeof v === 'number',
  TEXT: (v) => typeof v === 'string',
  BLOB: (v) => v instanceof Uint8Array,
};

/** Every table of a database of Covis, parents before what refers to them where they were made so. */
export function layoutOf(db: Database.Database): TableLayout[] {
  const tables = select(
    db,
    "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
    record({ name: text, wr: integer }),
  ).all();
  const columnsOf = select(
    db,
    'SELECT cid, name, type, "notnull", dflt_value, pk FROM pragma_table_info(?) ORDER BY cid',
    COLUMN,
  );
  const indexesOf = select(
    db,
    'SELECT name, origin, partial FROM pragma_index_list(?)',
    record({ name: text, origin: text, partial: integer }),
  );
  const entryOf = select(db, 'SELECT cid FROM pragma_index_xinfo(?) ORDER BY seqno', integer);
  const referencesOf = select(
    db,
    'SELECT "from", "table", "to" FROM pragma_foreign_key_list(?)',
    record({ from: text, table: text, to: nullable(text) }),
  );
  return tables.map(({ name, wr }) => {
    const columns = columnsOf.all(name);
    const indexes = indexesOf.all(name);
    // A table without rowids is stored as the index of its key, with all other columns behind.
    const key = indexes.find((i) => i.origin === 'pk');
    const stored = wr === 1 ? entryOf.all(key!.name).map((cid) => columns[cid]!) : columns;
    const rowid =
      wr === 1
        ? undefined
        : columns.find((c) => c.pk === 1 && c.type.toUpperCase() === 'INTEGER' && !columns.some((o) => o.pk > 1));
    const valueOf = (row: StoredRow, cid: number): Value => {
      if (cid < 0 || cid === rowid?.cid) return row.rowid!;
      return row.values[stored.findIndex((c) => c.cid === cid)] ?? null;
    };
    // What was added since the row was written is not in it, and has a default or may be NULL.
    const least = stored.findLastIndex((c) => c.notnull === 1 && c.dflt_value === null) + 1;
    return {
      name,
      withoutRowid: wr === 1,
      fits: ({ values, rowid: number }) =>
        (number !== undefined) === (wr === 0) &&
        values.length >= least &&
        values.length <= stored.length &&
        values.every((v, i) => {
          const column = stored[i]!;
          if (column === rowid) return v === null;
          return v === null
            ? column.notnull === 0 && (wr === 0 || column.pk === 0)
            : (FITS[column.type.toUpperCase()]?.(v) ?? true);
        }),
      named: (row) => {
        const there = stored.slice(0, row.values.length);
        return { columns: there.map((c) => c.name), values: there.map((c) => valueOf(row, c.cid)) };
      },
      indexes: indexes
        .filter((i) => i.partial === 0 && !(wr === 1 && i.origin === 'pk'))
        .map((i) => ({ name: i.name, cids: entryOf.all(i.name) }))
        .filter(({ cids }) => !cids.includes(-2))
        .map((i) => ({ name: i.name, keyOf: (row) => i.cids.map((cid) => valueOf(row, cid)) })),
      references: referencesOf.all(name).map((f) => ({ ...f, to: f.to ?? 'id' })),
    };
  });
}
