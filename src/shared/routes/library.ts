import { z } from 'zod';
import { EXPORT_FORMATS, RUN_EXPORTS } from '../exports/index.ts';
import { libraryInfo } from '../facts/library.ts';
import { FITS, POOLINGS } from '../facts/networks.ts';
import { file, folder, id, none, path, rowNumber } from '../fields.ts';
import { exportJob } from '../jobs/export.ts';
import { importJob } from '../jobs/import.ts';
import { EXPORT_OPTIONS } from './start.ts';
import { startedJob } from './jobs.ts';
import { route } from './route.ts';

/** The open library, and what a dialog or the command line brings into it or out of it. */
export const libraryRoutes = {
  'library.current': route({ who: 'page', repeat: 'safe', params: none, result: libraryInfo.nullable() }),
  /** Opens a library, or makes one where there is none; the one open before is closed. */
  'library.open': route({ who: 'host', params: z.strictObject({ path: folder }), result: libraryInfo }),
  'library.import': route({
    who: 'host',
    params: z.strictObject({
      paths: z.array(path).min(1),
      ...importJob.params.pick({ dryRun: true, keepBoth: true, skipDamaged: true }).shape,
    }),
    result: startedJob,
  }),
  'library.export': route({
    who: 'host',
    params: z.strictObject({ path: folder, format: z.enum(RUN_EXPORTS), run: rowNumber }),
    result: startedJob,
  }),
  /**
   * Writes for another tool what a page then downloads, once: as `asset/download/<id>`, when the job is done. Photos are in it where they are
   * asked for as copies.
   */
  'library.download': route({
    who: 'page',
    params: z.strictObject({
      format: z.enum(EXPORT_FORMATS),
      network: id.optional(),
      ...exportJob.params.pick(EXPORT_OPTIONS).shape,
      photos: z.enum(['copy', 'none']).optional(),
    }),
    result: startedJob.extend({ download: id }),
  }),
  /** Backs the library up into a folder: a new or an empty one, or an earlier backup of it. */
  'library.backup': route({ who: 'host', params: z.strictObject({ path: folder }), result: startedJob }),
  /** Finds the places in a folder of photos. */
  'library.cluster': route({ who: 'host', params: z.strictObject({ path: folder }), result: startedJob }),
  /** Measures domain generalisation on a folder of domains. */
  'library.domains': route({ who: 'host', params: z.strictObject({ path: folder }), result: startedJob }),
  /** Adds a backbone from an ONNX file. */
  'library.network': route({
    who: 'host',
    params: z.strictObject({
      path: file,
      pooling: z.enum(POOLINGS),
      output: z.string().min(1).max(200).optional(),
      fit: z.enum(FITS).optional(),
    }),
    result: startedJob,
  }),
};
