import { z } from 'zod';
import { EXPORT_FORMATS } from '../exports/index.ts';
import { libraryInfo } from '../facts/library.ts';
import { folder, id, none } from '../fields.ts';
import { exportJob } from '../jobs/export.ts';
import { EXPORT_OPTIONS } from './start.ts';
import { startedJob } from './jobs.ts';
import { route } from './route.ts';

/** The open library, and what is taken out of it. What is brought in, or written where a person chose, are routes of `start`. */
export const libraryRoutes = {
  'library.current': route({ who: 'page', repeat: 'safe', params: none, result: libraryInfo.nullable() }),
  /** Opens a library, or makes one where there is none; the one open before is closed. */
  'library.open': route({ who: 'host', params: z.strictObject({ path: folder }), result: libraryInfo }),
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
};
