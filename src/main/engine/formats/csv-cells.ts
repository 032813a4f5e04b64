const QUOTED = /^"((?:[^"]|"")*)"$/;

/** Whether a CSV text ends inside a quoted cell. */
export function insideQuotes(text: string): boolean {
  return (text.split('"').length - 1) % 2 === 1;
}

/** Cells of one record of CSV (RFC 4180); undefined where a quote is out of place. */
export function csvCells(record: string): string[] | undefined {
  const out: string[] = [];
  let cell: string | undefined;
  for (const part of record.split(',')) {
    cell = cell === undefined ? part : `${cell},${part}`;
    if (insideQuotes(cell)) continue;
    if (cell.includes('"')) {
      const quoted = QUOTED.exec(cell);
      if (quoted === null) return undefined;
      cell = quoted[1]!.replaceAll('""', '"');
    }
    out.push(cell);
    cell = undefined;
  }
  return cell === undefined ? out : undefined;
}
