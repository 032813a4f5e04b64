import { csv } from './csv.ts';
import { descriptors } from './descriptors.ts';
import type { ExportDefinition } from './export.ts';
import { gnd } from './gnd.ts';
import { hlocPairs } from './hloc-pairs.ts';
import { jsonl } from './jsonl.ts';
import { network } from './network.ts';
import { parquet } from './parquet.ts';
import { retrievalSfm } from './retrieval-sfm.ts';

/** Every export, in the order of menus. A new one is a file here, one in engine/exchange/exports, and a line in each list. */
export const EXPORTS = {
  'retrieval-sfm': retrievalSfm,
  gnd,
  'hloc-pairs': hlocPairs,
  csv,
  jsonl,
  parquet,
  network,
  descriptors,
} as const satisfies { readonly [F in string]: ExportDefinition<F> };

export type ExportFormat = keyof typeof EXPORTS;
/** Formats that other tools open. */
export const EXPORT_FORMATS = Object.keys(EXPORTS) as [ExportFormat, ...ExportFormat[]];
/** Those that are offered beside the tuples of a mining run. */
export const RUN_EXPORTS: readonly ExportFormat[] = EXPORT_FORMATS.filter((f) => EXPORTS[f].of === 'mining');

export { PHOTO_PLACEMENTS, type ExportDefinition, type PhotoPlacement } from './export.ts';
