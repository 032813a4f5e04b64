/** Photos of an export as rows of tables: one way from an entry to a row and back, for every format that holds rows. */
import type { CollectionEntry, FieldValues } from '../../../../shared/facts/collections.ts';
import { CovisError } from '../../../../shared/errors.ts';
import { itemRow, type ItemRow } from '../../../../shared/exports/collections/record.ts';
import { parseJson } from '../../formats/json-text.ts';

/** A photo of an export: what the version says of it, and what its file is here. */
export interface Item {
  readonly entry: CollectionEntry;
  /** From 0. */
  readonly position: number;
  /** As it lies in the export, which differs from the entry where photos were made smaller or lost their place. */
  readonly file: Pick<CollectionEntry, 'sha256' | 'bytes' | 'width' | 'height'>;
  /** Where its bytes can be read; none where no format of the export wants them. */
  readonly source: string | undefined;
}

/** Names of Dublin Core and Covis' own, in the order in which people expect them; others follow by name. */
export const FIELD_ORDER = [
  'title',
  'description',
  'creator',
  'date',
  'place',
  'rights',
  'source',
  'keywords',
  'notes',
] as const;

/** What a collection says under these names is of the whole, and of none of its photos. */
const OF_THE_WHOLE: ReadonlySet<string> = new Set(['title', 'description']);

const HEAD = ['file_name', 'sha256', 'bytes', 'width', 'height', 'position'] as const;
const ORIGINAL = ['original_sha256', 'original_bytes', 'original_width', 'original_height'] as const;
const TAIL = ['folded_under', 'provenance', 'own_fields'] as const;
const RESERVED: ReadonlySet<string> = new Set([...HEAD, ...ORIGINAL, ...TAIL]);
const PREFIX = 'field.';

/** What holds for a photo: its own, else the collection's. */
export function effectiveFields(own: FieldValues, ofCollection: FieldValues): FieldValues {
  const inherited = Object.entries(ofCollection).filter(([name]) => !OF_THE_WHOLE.has(name));
  return { ...Object.fromEntries(inherited), ...own };
}

/** Field names by the order of people. */
export function inOrder(names: Iterable<string>): string[] {
  const rank = (name: string): number => {
    const at = (FIELD_ORDER as readonly string[]).indexOf(name);
    return at < 0 ? FIELD_ORDER.length : at;
  };
  return [...new Set(names)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** A field's column: its name, with `field.` before names that columns have. */
export function columnOf(field: string): string {
  return RESERVED.has(field) || field.startsWith(PREFIX) ? `${PREFIX}${field}` : field;
}

function fieldOf(column: string): string {
  return column.startsWith(PREFIX) ? column.slice(PREFIX.length) : column;
}

/** Columns of an export's tables. */
export interface Columns {
  /** All, in order. */
  readonly names: readonly string[];
  /** Field by column. */
  readonly fields: ReadonlyMap<string, string>;
  /** Columns of fields of which a photo has several values: lists in every row of JSON, so that a column has one type. */
  readonly lists: ReadonlySet<string>;
}

/** The columns that these photos need. */
export function columnsOf(items: readonly Item[], ofCollection: FieldValues): Columns {
  const used = new Set<string>();
  const lists = new Set<string>();
  let changed = false;
  for (const { entry, file } of items) {
    if (file.sha256 !== entry.sha256) changed = true;
    for (const [name, values] of Object.entries(effectiveFields(entry.fields, ofCollection))) {
      used.add(name);
      if (values.length > 1) lists.add(columnOf(name));
    }
  }
  const fields = new Map(inOrder(used).map((name) => [columnOf(name), name]));
  return { names: [...HEAD, ...fields.keys(), ...(changed ? ORIGINAL : []), ...TAIL], fields, lists };
}

type Cell = string | number | readonly string[] | CollectionEntry['provenance'];

/** A photo as a row: every column, null where there is no value. */
export function rowOf(item: Item, columns: Columns, ofCollection: FieldValues): Record<string, Cell> {
  const { entry, file, position } = item;
  const effective = effectiveFields(entry.fields, ofCollection);
  const row: Record<string, Cell> = {
    file_name: entry.path,
    sha256: file.sha256,
    bytes: file.bytes,
    width: file.width,
    height: file.height,
    position,
  };
  for (const [column, name] of columns.fields) {
    const values = Object.hasOwn(effective, name) ? effective[name] : undefined;
    row[column] = values === undefined ? null : columns.lists.has(column) ? values : values[0]!;
  }
  const same = file.sha256 === entry.sha256;
  if (columns.names.includes(ORIGINAL[0])) {
    row['original_sha256'] = same ? null : entry.sha256;
    row['original_bytes'] = same ? null : entry.bytes;
    row['original_width'] = same ? null : entry.width;
    row['original_height'] = same ? null : entry.height;
  }
  row['folded_under'] = entry.foldedUnder;
  row['provenance'] = entry.provenance;
  const own = inOrder(Object.keys(entry.fields));
  row['own_fields'] = own.length === 0 ? null : own;
  return row;
}

/** Several values in one cell: `;` between them, `\` before a `;` or `\` of a value. */
export function joined(values: readonly string[]): string {
  return values.map((v) => v.replace(/[\\;]/g, '\\$&')).join(';');
}

/** What {@link joined} made. */
export function apart(cell: string): string[] {
  const values = [''];
  for (let i = 0; i < cell.length; i += 1) {
    const c = cell[i]!;
    if (c === ';') values.push('');
    else values[values.length - 1] += c === '\\' && i + 1 < cell.length ? cell[(i += 1)]! : c;
  }
  return values;
}

/** A cell of a row as text. */
export function cellText(cell: Cell): string {
  if (cell === null) return '';
  if (Array.isArray(cell)) return joined(cell as readonly string[]);
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell);
}

/** A record of CSV (RFC 4180) without its end. */
export function csvLine(cells: readonly string[]): string {
  return cells.map((c) => (/[",\r\n]|^\s|\s$/.test(c) ? `"${c.replaceAll('"', '""')}"` : c)).join(',');
}

/** What a row of text, as CSV has it, says as a row of JSON. */
export function rowOfCells(
  columns: readonly string[],
  cells: readonly string[],
  file: string,
): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  columns.forEach((column, i) => {
    const cell = cells[i] ?? '';
    if (cell === '') return;
    if (column === 'provenance') row[column] = parseJson(cell, { file });
    else if (/^(bytes|width|height|position|original_(bytes|width|height))$/.test(column))
      row[column] = /^\d{1,16}$/.test(cell) ? Number(cell) : cell;
    else if (column === 'own_fields') row[column] = apart(cell);
    else row[column] = RESERVED.has(column) ? cell : apart(cell);
  });
  return row;
}

/** A row as it was read, with its photo. */
export interface ReadRow {
  readonly entry: CollectionEntry;
  readonly position: number;
  readonly file: Item['file'];
}

/**
 * What a row of a table says. @param where which row, for errors: `line 3`.
 * @throws CovisError `INPUT_CORRUPT` for a row that no export of Covis has.
 */
export function entryOfRow(value: unknown, file: string, where: string): ReadRow {
  const parsed = itemRow.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new CovisError(
      'INPUT_CORRUPT',
      `This is no table of a collection: in ${where}, ${issue.path.map(String).join('.') || 'the row'}: ${issue.message}`,
      { file },
    );
  }
  const row: ItemRow = parsed.data;
  const given = value as Readonly<Record<string, unknown>>;
  const fields: Record<string, string[]> = {};
  for (const name of row.own_fields ?? []) {
    const column = columnOf(name);
    const told = Object.hasOwn(given, column) ? given[column] : undefined;
    const values = typeof told === 'string' ? [told] : told;
    if (!Array.isArray(values) || values.length === 0 || !values.every((v) => typeof v === 'string' && v !== ''))
      throw new CovisError('INPUT_CORRUPT', `In ${where}, the photo's own field ${fieldOf(column)} has no value`, {
        file,
      });
    fields[name] = values as string[];
  }
  const here = { sha256: row.sha256, bytes: row.bytes, width: row.width, height: row.height };
  const made = row.original_sha256 ?? null;
  return {
    entry: {
      path: row.file_name,
      sha256: made ?? row.sha256,
      bytes: made === null ? row.bytes : (row.original_bytes ?? 0),
      width: made === null ? row.width : (row.original_width ?? 0),
      height: made === null ? row.height : (row.original_height ?? 0),
      foldedUnder: row.folded_under ?? null,
      fields,
      provenance: row.provenance ?? null,
    },
    position: row.position,
    file: here,
  };
}
