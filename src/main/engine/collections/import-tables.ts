/** Rows of an export's tables, as any of its formats holds them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { LIMITS } from '../formats/budget.ts';
import { parseJson } from '../formats/json-text.ts';
import { readRegular } from '../formats/regular.ts';
import { entryOfRow, rowOfCells, type ReadRow } from './exports/items.ts';
import { ITEMS_CSV, ITEMS_JSONL } from './exports/names.ts';

const MOST_ROWS = 10_000_000;

function decoded(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readRegular(file, LIMITS.whole.list, 'table'));
  } catch (cause) {
    if (cause instanceof CovisError) throw cause;
    throw new CovisError('INPUT_CORRUPT', 'This table is not UTF-8', { file, cause });
  }
}

/** Rows of JSON, one a line. @throws CovisError `INPUT_CORRUPT` naming file and line. */
export function readJsonRows(file: string): ReadRow[] {
  const lines = decoded(file).split('\n');
  refuseMany(lines.length, file);
  return lines.flatMap((text, i) => {
    if (text.trim() === '') return [];
    return [entryOfRow(parseJson(text, { file }, `Line ${i + 1} of this table is not JSON`), file, `line ${i + 1}`)];
  });
}

/** Records of CSV (RFC 4180), with line ends of any system between them. @throws CovisError `INPUT_CORRUPT` naming the record. */
export function csvRecords(text: string, file: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  const wrong = (what: string): CovisError =>
    new CovisError('INPUT_CORRUPT', `Record ${records.length + 1} of this table ${what}`, { file });
  while (at < text.length) {
    let cell: string;
    if (text[at] === '"') {
      const parts: string[] = [];
      let from = at + 1;
      for (;;) {
        const quote = text.indexOf('"', from);
        if (quote < 0) throw wrong('has a quote that does not end');
        parts.push(text.slice(from, quote));
        from = quote + 1;
        if (text[from] !== '"') break;
        parts.push('"');
        from += 1;
      }
      cell = parts.join('');
      at = from;
      if (at < text.length && !',\r\n'.includes(text[at]!)) throw wrong('has a quote out of place');
    } else {
      let end = at;
      while (end < text.length && !',\r\n'.includes(text[end]!)) end += 1;
      cell = text.slice(at, end);
      if (cell.includes('"')) throw wrong('has a quote out of place');
      at = end;
    }
    record.push(cell);
    if (text[at] === ',') {
      at += 1;
      if (at < text.length) continue;
      record.push('');
    }
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n') at += 1;
    records.push(record);
    if (records.length > MOST_ROWS) refuseMany(records.length, file);
    record = [];
  }
  return records;
}

/** Rows of `items.csv`. @throws CovisError `INPUT_CORRUPT` naming file and record. */
export function readCsvRows(file: string): ReadRow[] {
  const [columns, ...records] = csvRecords(decoded(file).replace(/^\ufeff/, ''), file);
  if (columns === undefined) throw new CovisError('INPUT_CORRUPT', 'This table is empty', { file });
  return records
    .filter((r) => r.length > 1 || r[0] !== '')
    .map((cells, i) => entryOfRow(rowOfCells(columns, cells, file), file, `record ${i + 2}`));
}

function refuseMany(rows: number, file: string): void {
  if (rows > MOST_ROWS)
    throw new CovisError('INPUT_UNSUPPORTED', `This table has more than ${MOST_ROWS} rows`, { file });
}

/** Tables that hold every row, the fullest first. */
export const TABLES: readonly (readonly [name: string, read: (file: string) => ReadRow[]])[] = [
  [ITEMS_JSONL, readJsonRows],
  ['metadata.jsonl', readJsonRows],
  [ITEMS_CSV, readCsvRows],
];

/** The first table that a folder has; undefined without any. */
export function readTable(folder: string): { readonly file: string; readonly rows: readonly ReadRow[] } | undefined {
  for (const [name, read] of TABLES) {
    const file = join(folder, name);
    if (existsSync(file)) return { file, rows: read(file) };
  }
  return undefined;
}
