/** CSV (RFC 4180) that comes back as it was: line ends inside quoted cells stay. */
import { CovisError } from '../../../shared/errors.ts';

/** One record; cells are quoted where they have to be. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((c) => (/[",\r\n]/.test(c) || c !== c.trim() ? `"${c.replaceAll('"', '""')}"` : c)).join(',')}\r\n`;
}

/**
 * The records of a text; lines may end in LF, too, and a byte order mark at its beginning is passed over.
 * @throws CovisError `INPUT_CORRUPT` for a quote out of place, `INPUT_TRUNCATED` for a cell that does not end; both name the line.
 */
export function csvTable(text: string): string[][] {
  const out: string[][] = [];
  const start = text.startsWith('\ufeff') ? 1 : 0;
  let cells: string[] = [];
  let line = 1;
  let at = start;
  const isEnd = (i: number): boolean =>
    i >= text.length || text[i] === '\n' || (text[i] === '\r' && text[i + 1] === '\n');
  while (at < text.length) {
    let cell: string;
    if (text[at] === '"') {
      const began = line;
      cell = '';
      for (at += 1; ;) {
        const quote = text.indexOf('"', at);
        if (quote < 0)
          throw new CovisError('INPUT_TRUNCATED', `A quoted cell that begins in line ${began} does not end`);
        cell += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        cell += '"';
        at += 1;
      }
      line += cell.split('\n').length - 1;
      if (text[at] !== ',' && !isEnd(at))
        throw new CovisError('INPUT_CORRUPT', `A cell in line ${line} has a quote out of place`);
    } else {
      let end = at;
      while (!isEnd(end) && text[end] !== ',') end += 1;
      cell = text.slice(at, end);
      if (cell.includes('"')) throw new CovisError('INPUT_CORRUPT', `A cell in line ${line} has a quote out of place`);
      at = end;
    }
    cells.push(cell);
    if (text[at] === ',') {
      at += 1;
      // A comma at the end of the text has an empty cell behind it.
      if (isEnd(at)) cells.push('');
      else continue;
    }
    at += text[at] === '\r' ? 2 : 1;
    line += 1;
    out.push(cells);
    cells = [];
  }
  return out;
}
