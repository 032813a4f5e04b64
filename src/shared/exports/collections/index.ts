/** Every format of collections, in the order of menus. A new one is a definition here and a writer in engine/collections/exports. */
import { collectionFormat, type CollectionFormatDefinition } from './format.ts';

export const COLLECTION_FORMATS = {
  folder: collectionFormat({
    format: 'folder',
    title: 'Folder',
    help: 'photos, tables, a gallery that opens without a server, and a manifest that anyone can verify',
    photos: 'beside',
    reads: ['descriptors'],
  }),
  bagit: collectionFormat({
    format: 'bagit',
    title: 'BagIt',
    help: 'a bag for archives (RFC 8493)',
    photos: 'needed',
    reads: [],
  }),
  croissant: collectionFormat({
    format: 'croissant',
    title: 'Croissant',
    help: 'croissant.json, which loaders of machine learning read',
    photos: 'needed',
    reads: [],
  }),
  'ro-crate': collectionFormat({
    format: 'ro-crate',
    title: 'RO-Crate',
    help: 'ro-crate-metadata.json for repositories of research data',
    photos: 'needed',
    reads: [],
  }),
  imagefolder: collectionFormat({
    format: 'imagefolder',
    title: 'Hugging Face imagefolder',
    help: 'metadata.jsonl beside the photos',
    photos: 'needed',
    reads: [],
  }),
  parquet: collectionFormat({
    format: 'parquet',
    title: 'Hugging Face Parquet',
    help: 'photos and fields in shards',
    photos: 'inside',
    reads: ['shardSize'],
  }),
  webdataset: collectionFormat({
    format: 'webdataset',
    title: 'WebDataset',
    help: 'tar files with an index of offsets and digests',
    photos: 'inside',
    reads: ['shardSize'],
  }),
  gallery: collectionFormat({
    format: 'gallery',
    title: 'Gallery',
    help: 'index.html, which opens from a disk without a network',
    photos: 'beside',
    reads: ['descriptors'],
  }),
  iiif: collectionFormat({
    format: 'iiif',
    title: 'IIIF',
    help: 'tiles and a manifest for a web server (Image 3 level 0, Presentation 3), with the photos to download',
    photos: 'beside',
    reads: ['baseUrl'],
  }),
  csv: collectionFormat({ format: 'csv', title: 'Table (.csv)', help: 'items.csv', photos: 'none', reads: [] }),
  jsonl: collectionFormat({
    format: 'jsonl',
    title: 'JSON Lines',
    help: 'items.jsonl',
    photos: 'none',
    reads: [],
  }),
  coco: collectionFormat({
    format: 'coco',
    title: 'COCO',
    help: 'coco.json with images, licences and captions',
    photos: 'beside',
    reads: [],
  }),
  descriptors: collectionFormat({
    format: 'descriptors',
    title: 'Descriptors (.npy)',
    help: 'float16 with the names of the photos beside it',
    photos: 'none',
    reads: ['descriptors'],
  }),
} as const satisfies { readonly [F in string]: CollectionFormatDefinition<F> };

export type CollectionFormat = keyof typeof COLLECTION_FORMATS;
export const COLLECTION_FORMAT_NAMES = Object.keys(COLLECTION_FORMATS) as [CollectionFormat, ...CollectionFormat[]];

export {
  COLLECTION_PLACEMENTS,
  FOLDS_KEPT,
  type CollectionFormatDefinition,
  type CollectionPlacement,
  type FoldsKept,
} from './format.ts';
