import type { z } from 'zod';
import { CovisError } from '../../../../shared/errors.ts';
import type { CollectionSubset } from '../../../../shared/facts/collections.ts';
import type { EXPORTS, ExportFormat } from '../../../../shared/exports/index.ts';
import { outsideLibraries, type Placing } from '../../formats/target.ts';
import { check } from '../../../../shared/schema.ts';
import { narrowed, noteSubset } from '../../library/collection-subset.ts';
import type { Library } from '../../library/library.ts';
import type { TaskContext } from '../../queue/context.ts';
import { csvExport } from './csv.ts';
import { descriptorsExport } from './descriptors.ts';
import { verifyExport, type Exporter, type Written } from './exporter.ts';
import { gndExport } from './gnd.ts';
import { hlocPairsExport } from './hloc-pairs.ts';
import { jsonlExport } from './jsonl.ts';
import { networkExport } from './network.ts';
import { parquetExport } from './parquet.ts';
import { retrievalSfmExport } from './retrieval-sfm.ts';

/** How every format is written and read back. */
export const EXPORTERS = {
  'retrieval-sfm': retrievalSfmExport,
  gnd: gndExport,
  'hloc-pairs': hlocPairsExport,
  csv: csvExport,
  jsonl: jsonlExport,
  parquet: parquetExport,
  network: networkExport,
  descriptors: descriptorsExport,
} as const satisfies { readonly [F in ExportFormat]: Exporter<(typeof EXPORTS)[F]> };

type AllParams = { [F in ExportFormat]: z.input<(typeof EXPORTS)[F]['params']> }[ExportFormat];
/** A format, where to, and what the formats take; a format reads what its own definition names. */
export type ExportOptions = {
  readonly format: ExportFormat;
  /** Folder, or file for formats that are one. */
  readonly out: string;
} & Placing & { readonly [K in AllParams extends infer P ? (P extends unknown ? keyof P : never) : never]?: unknown };

/** What an export wrote, and what was found when it was read back. */
export interface ExportReport extends Written {
  readonly what: string;
  readonly verified: Pick<Written, 'items' | 'photos'>;
  /** The version of a collection that it is of. */
  readonly collection?: CollectionSubset;
}

/**
 * Writes pairs, a benchmark, a run's tuples, a network or descriptors, and reads back what was written.
 * @throws CovisError `VALIDATION_FAILED` for parameters out of their range, `INPUT_INVALID` for those that the format does not read and for a place
 * inside a library, `STATE_CONFLICT` for files that are there, without `force`, `STATE_EMPTY`, `NOT_FOUND`, `CANCELLED`; `INPUT_CORRUPT` where what lies there is not what was written.
 */
export async function exportLibrary(library: Library, o: ExportOptions, task: TaskContext): Promise<ExportReport> {
  const out = outsideLibraries(o.out);
  const { definition, write, verify }: Exporter = EXPORTERS[o.format];
  const { format: _, out: __, force, ...given } = o;
  const unread = Object.entries(given).flatMap(([key, value]) =>
    value === undefined || key in definition.params.shape ? [] : [key],
  );
  if (unread.length > 0)
    throw new CovisError('INPUT_INVALID', `The format ${o.format} does not take ${unread.join(', ')}`);
  const params = check(definition.params, given, undefined, 'VALIDATION_FAILED');
  const { collection } = params as { readonly collection?: string };
  return narrowed(library, collection, async () => {
    const written = await write(library, out, params, task, { force });
    task.step('Reading back', 0, '');
    const verified = await verifyExport({ definition, verify }, written, library);
    return { what: definition.what, ...written, verified, ...noteSubset(library) };
  });
}
