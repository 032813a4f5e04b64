import { join } from 'node:path';
import { EXPORT_FORMATS, EXPORTS, type ExportFormat } from '../../../src/shared/exports/index.ts';
import { asked, describeFullDisk } from './full.ts';

const KIB = 1024;
/** What is too little for each. */
const ROOM: Readonly<Record<ExportFormat, number>> = {
  'retrieval-sfm': 96 * KIB,
  gnd: 96 * KIB,
  'hloc-pairs': 44 * KIB,
  csv: 44 * KIB,
  jsonl: 44 * KIB,
  parquet: 44 * KIB,
  network: 96 * KIB,
  descriptors: 96 * KIB,
};

describeFullDisk(
  'a disk that is full as something is exported',
  EXPORT_FORMATS.map((format) =>
    asked(
      'export',
      ROOM[format],
      (disk) => ({
        format,
        out: EXPORTS[format].writes === 'folder' ? join(disk, 'out') : join(disk, 'out', 'x.npy'),
        ...('photos' in EXPORTS[format].params.shape ? { photos: 'copy' as const } : {}),
        ...(format === 'descriptors' ? { size: 64 } : {}),
      }),
      { name: format },
    ),
  ),
);
