import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { id } from '../fields.ts';
import { collectionExportJob } from '../jobs/collection-export.ts';
import { collectionImportJob } from '../jobs/collection-import.ts';
import { collectionVerifyJob } from '../jobs/collection-verify.ts';
import { bundleParams } from './collections.ts';
import { startedJob } from './jobs.ts';
import { route } from './route.ts';

const { out: _, force: __, network: ___, photos, ...said } = collectionExportJob.params.shape;
/** Pages name a network of the library. */
const how = { ...said, network: id.optional() };

/** Collections as folders and archives. Folders are named by the ids under which they were listed or chosen (`start.*`). */
export const collectionFileRoutes = {
  /** Writes a version into a new folder within one that was chosen. `path`: where, for people. */
  'collection-files.export': route({
    who: 'page',
    params: z.strictObject({ folder: id, photos, ...how }),
    result: startedJob.extend({ path: z.string() }),
  }),
  /** Writes a version to be downloaded as an archive, once. */
  'collection-files.download': route({
    who: 'page',
    params: z.strictObject({ ...how, photos: z.enum(['copy', 'none']).default('copy') }),
    result: startedJob.extend({ download: id }),
  }),
  /**
   * Takes an exported collection into the library: of a folder that was chosen, or of a zip archive that was sent. An archive whose photos
   * are imported, too, is unpacked into a folder of its own within `unpack`, which was chosen; as are photos that lie inside shards.
   */
  'collection-files.import': route({
    who: 'page',
    params: z.strictObject({
      folder: id.optional(),
      /** What was sent. */
      file: id.optional(),
      /** What the file is called, for the folder that it is unpacked into. */
      fileName: z.string().min(1).max(1000).optional(),
      name: collectionImportJob.params.shape.name,
      photos: collectionImportJob.params.shape.photos,
      unpack: id.optional(),
    }),
    result: startedJob,
  }),
  /** How much of a file is here that is sent in parts, after the connection was lost. */
  'collection-files.sent': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ file: id }),
    result: z.object({ bytes: count }),
  }),
  /** Lets go of what was sent of a file that is not wanted any more. */
  'collection-files.drop': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ file: id }),
    result: z.null(),
  }),
  /** The table of fields of a collection, to be downloaded, once. */
  'collection-files.table': route({
    who: 'page',
    params: z.strictObject({ collection: id }),
    result: z.object({ download: id }),
  }),
  /** A decision bundle, to be downloaded, once. */
  'collection-files.bundle': route({
    who: 'page',
    params: bundleParams,
    result: z.object({ download: id }),
  }),
  /**
   * Compares an exported collection with its own list of digests. With `repair`, a folder that was chosen, lost files are looked for there and
   * put back; `force` puts the right file over a changed one, too.
   */
  'collection-files.verify': route({
    who: 'page',
    params: z.strictObject({
      folder: id,
      level: collectionVerifyJob.params.shape.level,
      repair: id.optional(),
      force: z.boolean().default(false),
    }),
    result: startedJob,
  }),
};
