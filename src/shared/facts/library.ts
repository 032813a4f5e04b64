/** Facts of the open library and what leaves it. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';
import { networkInfo } from './networks.ts';

export const libraryInfo = z.object({
  path: z.string(),
  name: z.string(),
  photos: count,
  scenes: count,
  clusters: count,
  points: count,
  pairs: count,
  networks: z.array(networkInfo),
  device: z.string(),
  version: z.string(),
});
export type LibraryInfo = Facts<typeof libraryInfo>;

/** Formats that other tools open. */
export const EXPORT_FORMATS = ['retrieval-sfm', 'gnd', 'hloc-pairs', 'csv', 'jsonl', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** How photos come to an export: as links to where they are, as copies, or not at all. */
export const PHOTO_PLACEMENTS = ['link', 'copy', 'none'] as const;
export type PhotoPlacement = (typeof PHOTO_PLACEMENTS)[number];
