import { CovisError } from '../../../shared/errors.ts';
import { lines } from '../sfm/text-lines.ts';

const QUOTED = /^"((?:[^"]|"")*)"$/;

/** Whether the text ends inside a quoted cell. */
const open = (text: string): boolean => (text.split('"').length - 1) % 2 === 1;

/** Cells of a CSV file's records, one record at a time (RFC 4180). @throws CovisError `INPUT_CORRUPT` naming file and offset. */
export function* csvRecords(file: string): Generator<string[]> {
  let pending = '';
  let start = 0;
  for (const { text, offset } of lines(file)) {
    if (pending === '') start = offset;
    pending = pending === '' ? text : `${pending}\n${text}`;
    if (open(pending)) continue;
    yield cells(pending, file, start);
    pending = '';
  }
  if (pending !== '')
    throw new CovisError('INPUT_TRUNCATED', 'The file ends inside a quoted cell', { file, offset: start });
}

function cells(record: string, file: string, offset: number): string[] {
  const out: string[] = [];
  let cell: string | undefined;
  for (const part of record.split(',')) {
    cell = cell === undefined ? part : `${cell},${part}`;
    if (open(cell)) continue;
    if (cell.includes('"')) {
      const quoted = QUOTED.exec(cell);
      if (quoted === null) throw new CovisError('INPUT_CORRUPT', 'A cell has a quote out of place', { file, offset });
      cell = quoted[1]!.replaceAll('""', '"');
    }
    out.push(cell);
    cell = undefined;
  }
  return out;
}
