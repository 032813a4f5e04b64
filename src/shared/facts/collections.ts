/** Facts of collections: photos that a person gathered, described and keeps by version. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';

/** Values by name: Dublin Core's (`title`, `creator`, …) or a person's own. A field that has no value is left out. */
export const fieldValues = z.record(
  z.string().min(1).max(100),
  z.array(z.string().min(1).max(10_000)).min(1).max(1000),
);
export type FieldValues = Facts<typeof fieldValues>;

/** SHA-256 in lower-case hex. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Why a photo is in a collection: what found it. Everything but `how` is null where it does not apply. */
export const provenance = z.object({
  how: z.enum([
    'hand',
    'search',
    'drawing',
    'cluster',
    'map',
    'manifold',
    'duplicates',
    'tuple',
    'rule',
    'chosen',
    'import',
    'merge',
  ]),
  /** Content hash of the query's photo, or what was asked in a person's words. */
  query: z.string().nullable(),
  method: z.string().nullable(),
  /** Content hash of the network. */
  network: z.string().nullable(),
  score: z.number().nullable(),
  /** From 1. */
  rank: count.nullable(),
});
export type Provenance = Facts<typeof provenance>;

/** One photo of a version, as every format carries it. */
export const collectionEntry = z.object({
  /** Of the photo's file as it is in the library. */
  sha256,
  /** Path in the collection, `photos/…`: portable (`portable-paths.ts`), unique without regard to case. */
  path: z.string(),
  bytes: count,
  /** Pixels as displayed, after EXIF orientation. */
  width: count,
  height: count,
  /** SHA-256 of the photo that it is folded under, itself in the version; null for one that stands for itself. */
  foldedUnder: sha256.nullable(),
  /** What a person wrote of this photo, over the collection's own. */
  fields: fieldValues,
  provenance: provenance.nullable(),
});
export type CollectionEntry = Facts<typeof collectionEntry>;

/** What a version says of itself. */
export const versionFacts = z.object({
  collection: z.string(),
  /** From 1. */
  number: count,
  author: z.string(),
  message: z.string(),
  /** ISO 8601 in UTC. */
  created: z.string(),
  /** `engine/collections/content.ts` defines it. */
  digest: sha256,
  /** Digests of the versions it came from: none for the first, two after a merge. */
  parents: z.array(sha256),
  tags: z.array(z.string()),
  /** Defaults that hold for every photo that does not say otherwise, and what is said of the collection as a whole. */
  fields: fieldValues,
  items: count,
});
export type VersionFacts = Facts<typeof versionFacts>;
