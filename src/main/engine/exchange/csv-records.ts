import { CovisError } from '../../../shared/errors.ts';
import { csvCells, insideQuotes } from '../formats/csv-cells.ts';
import { lines } from '../sfm/text-lines.ts';

/** Cells of a CSV file's records, one record at a time (RFC 4180). @throws CovisError `INPUT_CORRUPT` naming file and offset. */
export function* csvRecords(file: string): Generator<string[]> {
  let pending = '';
  let start = 0;
  for (const { text, offset } of lines(file)) {
    if (pending === '') start = offset;
    pending = pending === '' ? text : `${pending}\n${text}`;
    if (insideQuotes(pending)) continue;
    const cells = csvCells(pending);
    if (cells === undefined)
      throw new CovisError('INPUT_CORRUPT', 'A cell has a quote out of place', { file, offset: start });
    yield cells;
    pending = '';
  }
  if (pending !== '')
    throw new CovisError('INPUT_TRUNCATED', 'The file ends inside a quoted cell', { file, offset: start });
}
