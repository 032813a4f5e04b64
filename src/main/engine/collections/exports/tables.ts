/** `items.csv`, `items.jsonl` and `collection.json`. */
import type { FormatWriter } from './material.ts';
import { cellText, csvLine, rowOf } from './items.ts';
import { ITEMS_CSV, ITEMS_JSONL, RECORD } from './names.ts';

/** JSON as files have it: two spaces, a line feed at the end. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export const writeRecord: FormatWriter = async ({ tree, record }) => {
  await tree.write(RECORD, jsonText(record));
};

/** A row a photo, in the order that a person gave (RFC 4180, with LF). */
export const writeItemsCsv: FormatWriter = async ({ tree, items, columns, record }) => {
  const lines = items.map((item) => {
    const row = rowOf(item, columns, record.fields);
    return csvLine(columns.names.map((c) => cellText(row[c] ?? null)));
  });
  await tree.write(ITEMS_CSV, [csvLine(columns.names), ...lines, ''].join('\n'));
};

/** An object a photo and a line. */
export const writeItemsJsonl: FormatWriter = async ({ tree, items, columns, record }) => {
  await tree.write(
    ITEMS_JSONL,
    items.map((item) => `${JSON.stringify(rowOf(item, columns, record.fields))}\n`).join(''),
  );
};
