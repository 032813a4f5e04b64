import { join } from 'node:path';
import type { ExportFormat, MiningParameters, PhotoPlacement } from '../../../shared/domain.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { miningRun } from '../mining/runs.ts';
import { exportGroundTruth } from './ground-truth-export.ts';
import { exportRetrievalSfm, type ExportReport } from './retrieval-sfm.ts';
import { writeHlocPairs, writeTupleCsv, writeTupleLines, writeTupleParquet } from './tuple-files.ts';

export interface ExportOptions {
  readonly format: ExportFormat;
  /** Folder; it is made where it is not there. */
  readonly out: string;
  /** The newest run where left out; for retrieval-sfm then all pairs that m3 may draw. */
  readonly run?: number | undefined;
  readonly seed?: number | undefined;
  readonly photos?: PhotoPlacement | undefined;
  readonly pairsPerQuery?: number | undefined;
  readonly mining?: Partial<MiningParameters> | undefined;
}

/** Positives of a query in the published data, about. */
const PAIRS_PER_QUERY = 2;

/** Writes pairs, a benchmark or a run's tuples into a folder. @throws CovisError `STATE_EMPTY`, `NOT_FOUND`, `CANCELLED`. */
export async function exportLibrary(library: Library, o: ExportOptions, task: TaskContext): Promise<ExportReport> {
  const { out, seed = 0, photos = 'link' } = o;
  const run = (): number => miningRun(library, o.run).id;
  const rows = async (name: string, write: typeof writeTupleCsv): Promise<ExportReport> => {
    const file = join(out, name);
    return { what: 'rows', items: await write(library, run(), file, task), files: [file] };
  };
  switch (o.format) {
    case 'retrieval-sfm':
      return exportRetrievalSfm(
        library,
        {
          out,
          run: o.run === undefined ? undefined : run(),
          pairsPerQuery: o.pairsPerQuery ?? PAIRS_PER_QUERY,
          mining: o.mining,
          seed,
          photos,
        },
        task,
      );
    case 'gnd':
      return exportGroundTruth(library, { out, seed, photos }, task);
    case 'hloc-pairs':
      return writeHlocPairs(library, run(), out, task);
    case 'csv':
      return rows('tuples.csv', writeTupleCsv);
    case 'jsonl':
      return { ...(await rows('tuples.jsonl', writeTupleLines)), what: 'tuples' };
    case 'parquet':
      return rows('tuples.parquet', writeTupleParquet);
  }
}
