import { join } from 'node:path';
import { csv } from '../../../../shared/exports/csv.ts';
import { fileTarget, type Placing } from '../../formats/target.ts';
import { csvRecords } from '../csv-records.ts';
import type { TaskContext } from '../../queue/context.ts';
import type { Library } from '../../library/library.ts';
import { miningRun } from '../../mining/runs.ts';
import { COLUMNS, lookup, pages, rowCheck, rows, writeLines, type Cell } from '../tuple-rows.ts';
import { damaged, exporter } from './exporter.ts';

/** Quotes a cell where it has to be (RFC 4180). */
function cell(v: Cell): string {
  const text = v === null ? '' : String(v);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Pairs of a run as CSV with a head line. */
function writeTupleCsv(library: Library, run: number, file: string, task: TaskContext, how: Placing): number {
  const of = lookup(library);
  const written = writeLines(
    file,
    (function* () {
      yield COLUMNS.map(([name]) => name).join(',');
      for (const page of pages(library, run, task))
        for (const t of page) for (const r of rows(t, run, of)) yield r.map(cell).join(',');
    })(),
    how,
  );
  return written - 1;
}

/** `tuples.csv`. */
export const csvExport = exporter(csv, {
  write(library, out, { run }, task, how) {
    const file = fileTarget(join(out, 'tuples.csv'), how, 'made');
    return { items: writeTupleCsv(library, miningRun(library, run).id, file, task, how), files: [file] };
  },
  verify([file], library) {
    const check = rowCheck(library, file!);
    const names = COLUMNS.map(([name]) => name);
    let items = -1;
    for (const cells of csvRecords(file!)) {
      if (cells.length !== names.length || (items < 0 && cells.join() !== names.join()))
        throw damaged(file!, items < 0 ? 'its head line is another' : `row ${items + 1} has ${cells.length} cells`);
      if (items >= 0) check(Object.fromEntries(names.map((name, i) => [name, cells[i]])));
      items += 1;
    }
    return { items: Math.max(0, items) };
  },
});
