import { z } from 'zod';
import { sha256 } from '../facts/collections.ts';
import { count } from '../facts/facts.ts';
import { folder } from '../fields.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

/** Takes an exported collection into a library: the version as it was, its photos by their SHA-256. */
export const collectionImportJob = job({
  kind: 'collection-import',
  title: (p) => `Import the collection ${baseName(p.folder)}`,
  startedBy: 'host',
  brings: ({ photos }) => (photos === true ? ['photos'] : []),
  params: z.strictObject({
    folder: folder.meta({ label: 'Folder', help: 'what covis collection export wrote, or a zip archive of it' }),
    name: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ label: 'Name', help: 'what it is called here', otherwise: 'as it was', value: 'name' }),
    photos: z.boolean().default(false).meta({
      label: 'Photos too',
      help: 'imports photos that the library does not have: those that lie in the folder as files have to stay there, those inside Parquet or WebDataset files are unpacked beside it',
    }),
    unpack: folder.optional().meta({
      label: 'Unpack into',
      help: 'folder for photos that lie inside files of Parquet or WebDataset, or for a zip archive, where they then have to stay; with --photos',
      otherwise: 'beside the exported folder, as "FOLDER photos"; of an archive, beside it under its name',
      page: false,
    }),
  }),
  result: z.object({
    collection: z.string(),
    version: count,
    digest: sha256,
    items: count,
    /** True where the library had this version already, and nothing was done. */
    already: z.boolean(),
    /** Photos that were imported from the folder. */
    imported: count,
    /** Folder that photos were unpacked into, where they have to stay; null where they lie as files in the folder. */
    unpacked: z.string().nullable().default(null),
    /** Photos that the library does not have, the first thousand: the version names them, the collection cannot show them. */
    missing: z.array(z.string()),
    /** All of them. */
    missingTotal: count.default(0),
  }),
});
