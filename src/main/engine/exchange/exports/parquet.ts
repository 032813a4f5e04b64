import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { join } from 'node:path';
import { fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { parquet } from '../../../../shared/exports/parquet.ts';
import type { TaskContext } from '../../queue/context.ts';
import type { Library } from '../../library/library.ts';
import { Beside } from '../../formats/beside.ts';
import { fileTarget, type Placing } from '../../formats/target.ts';
import { headOf } from '../../formats/recognise.ts';
import { miningRun } from '../../mining/runs.ts';
import { COLUMNS, lookup, pages, rowCheck, rows, type Cell } from '../tuple-rows.ts';
import { damaged, exporter } from './exporter.ts';

/** The same rows as Parquet, a row group a page of tuples. */
async function writeTupleParquet(
  library: Library,
  run: number,
  file: string,
  task: TaskContext,
  how: Placing,
): Promise<number> {
  const of = lookup(library);
  const columns = (
    data: readonly Cell[][],
  ): { name: string; type: (typeof COLUMNS)[number][1]; data: Cell[]; nullable: boolean }[] =>
    COLUMNS.map(([name, type], c) => ({ name, type, data: data.map((r) => r[c]!), nullable: true }));
  const beside = new Beside(file, how);
  const writer = new ParquetWriter({
    writer: fileWriter(beside.temporary),
    schema: schemaFromColumnData({ columnData: columns([]) }),
    createdBy: 'covis',
  });
  let written = 0;
  try {
    let waiting: Cell[][] = [];
    const flush = async (): Promise<void> => {
      if (waiting.length > 0) await writer.write({ columnData: columns(waiting), rowGroupSize: waiting.length });
      written += waiting.length;
      waiting = [];
    };
    for (const page of pages(library, run, task)) {
      for (const t of page) waiting.push(...rows(t, run, of));
      if (waiting.length > 20_000) await flush();
    }
    await flush();
    await writer.finish();
  } catch (error) {
    throw beside.failed(error);
  }
  beside.done();
  return written;
}

/** `tuples.parquet`. */
export const parquetExport = exporter(parquet, {
  async write(library, out, { run }, task, how) {
    const file = fileTarget(join(out, 'tuples.parquet'), how, 'made');
    return { items: await writeTupleParquet(library, miningRun(library, run).id, file, task, how), files: [file] };
  },
  async verify([file], library) {
    const check = rowCheck(library, file!);
    // Its reader looks at the end alone.
    if (!headOf(file!).toString('latin1').startsWith('PAR1')) throw damaged(file!, 'it does not begin with PAR1');
    const bytes = await asyncBufferFromFile(file!);
    const metadata = await parquetMetadataAsync(bytes);
    let items = 0;
    // A row group at a time, as it was written.
    for (const group of metadata.row_groups) {
      const rowStart = items;
      const rowEnd = items + Number(group.num_rows);
      const read = await parquetReadObjects({ file: bytes, metadata, rowStart, rowEnd });
      if (read.length !== rowEnd - rowStart) throw damaged(file!, 'a row group is cut short');
      read.forEach(check);
      items = rowEnd;
    }
    if (items !== Number(metadata.num_rows)) throw damaged(file!, 'its row groups do not add up');
    return { items };
  },
});
