import { z } from 'zod';
import { sha256 } from '../facts/collections.ts';
import { count } from '../facts/facts.ts';
import { force, network, path, size } from '../fields.ts';
import { COLLECTION_FORMAT_NAMES, COLLECTION_PLACEMENTS, FOLDS_KEPT } from '../exports/collections/index.ts';
import { job } from './job.ts';

/** Writes a version of a collection in one or several formats over one payload. */
export const collectionExportJob = job({
  kind: 'collection-export',
  title: ({ collection, format }) => `Export ${collection} as ${format.join(', ')}`,
  startedBy: 'host',
  params: z.strictObject({
    collection: z.string().min(1).max(4096).meta({
      label: 'Collection',
      help: 'name of a collection, or NAME@VERSION; its newest version where none is named',
      value: 'name',
    }),
    out: path.meta({ help: 'folder, made where it is not there', value: 'folder' }),
    format: z
      .array(z.enum(COLLECTION_FORMAT_NAMES))
      .min(1)
      .max(COLLECTION_FORMAT_NAMES.length)
      .default(['folder'])
      .meta({ label: 'Formats', help: 'one or several over the same photos', value: 'list' }),
    photos: z.enum(COLLECTION_PLACEMENTS).default('copy').meta({
      label: 'Photos',
      help: 'how photos come to it; a bag takes no links',
      value: 'how',
    }),
    longSide: z.int().min(16).max(20_000).optional().meta({
      label: 'Long side',
      help: 'makes larger photos smaller, to so many pixels on the long side',
      otherwise: 'as they are',
      unit: 'px',
    }),
    removeGps: z.boolean().default(false).meta({
      label: 'Remove coordinates',
      help: 'takes the coordinates out of photos and the gallery; pixels stay',
    }),
    sidecars: z
      .boolean()
      .default(false)
      .meta({ label: 'Sidecars', help: 'writes what is said of a photo beside it, as XMP' }),
    folds: z.enum(FOLDS_KEPT).default('all').meta({
      label: 'Near duplicates',
      help: 'of each fold all photos, the best alone, or none',
    }),
    gallery: z.boolean().default(true).meta({ label: 'Gallery', help: 'leaves the gallery of a folder out' }),
    baseUrl: z
      .string()
      .max(2000)
      .regex(/^https?:\/\/[^\s?#]+$/, 'an address that begins with http:// or https://, without ? and #')
      .optional()
      .meta({ label: 'Address', help: 'where it will be served, for iiif', value: 'url' }),
    shardSize: z
      .int()
      .min(1)
      .max(8000)
      .default(500)
      .meta({ label: 'Shard', help: 'megabytes of a file of parquet and webdataset', unit: 'MB', advanced: true }),
    network: network.optional().meta({
      help: 'whose descriptors tell similar photos of a gallery, and are written by the format descriptors',
      otherwise: "the library's default, if it has described the photos",
    }),
    size: size.optional().meta({ help: 'size of those descriptors' }),
    force,
  }),
  result: z.object({
    collection: z.string(),
    version: count,
    digest: sha256,
    out: z.string(),
    formats: z.array(z.enum(COLLECTION_FORMAT_NAMES)),
    items: count,
    /** That lie in it as files. */
    photos: count,
    files: count,
    bytes: count,
    /** Files that an attempt that was cut short had finished. */
    kept: count,
  }),
});
