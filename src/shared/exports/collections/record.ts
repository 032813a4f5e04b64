/** What `collection.json` says, which every export of a collection has. */
import { z } from 'zod';
import { fieldValues, provenance, sha256, versionFacts } from '../../facts/collections.ts';
import { count, type Facts } from '../../facts/facts.ts';
import { COLLECTION_PLACEMENTS, FOLDS_KEPT } from './format.ts';

export const collectionRecord = z.object({
  format: z.literal('covis-collection'),
  /** Of this file and the tables beside it. */
  schema: z.literal(1),
  name: versionFacts.shape.collection.min(1).max(1000),
  version: versionFacts.shape.number,
  /** Of the version; what lies here has it, too, unless folds were left out. */
  digest: sha256,
  items: count,
  author: z.string().max(10_000),
  created: z.string().max(100),
  message: z.string().max(100_000),
  parents: z.array(sha256).max(100),
  tags: z.array(z.string().max(1000)).max(1000),
  fields: fieldValues,
  /** What lies here: fewer photos than the version has where folds were left out. */
  holds: z.object({ digest: sha256, items: count, folds: z.enum(FOLDS_KEPT) }),
  photos: z.object({
    placed: z.enum([...COLLECTION_PLACEMENTS, 'inside']),
    /** Pixels of the long side they were shrunk to. */
    longSide: count.nullable(),
    /** Coordinates of where they were taken. */
    gps: z.enum(['kept', 'removed']),
    sidecars: z.boolean(),
  }),
  formats: z.array(z.string().max(100)).max(100),
  software: z.string().max(100),
});
export type CollectionRecord = Facts<typeof collectionRecord>;

/** What a row of the tables says of a photo besides its fields: the first six columns, and behind the fields the others. */
export const itemRow = z.object({
  /** From the folder of the table, with forward slashes. */
  file_name: z.string().min(1).max(4096),
  /** Of the file as it lies here. */
  sha256,
  bytes: count,
  width: count,
  height: count,
  /** From 0, in the order that a person gave. */
  position: count,
  /** Of the library's photo, of which the file was made: only where photos were made smaller or lost their place. */
  original_sha256: sha256.nullish(),
  original_bytes: count.nullish(),
  original_width: count.nullish(),
  original_height: count.nullish(),
  folded_under: sha256.nullish(),
  provenance: provenance.nullish(),
  /** Fields that the photo has of its own; the others are the collection's. */
  own_fields: z.array(z.string().max(200)).max(1000).nullish(),
});
export type ItemRow = Facts<typeof itemRow>;
