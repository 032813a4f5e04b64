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

/** By hand, or by rules. */
export const COLLECTION_KINDS = ['manual', 'smart'] as const;
export type CollectionKind = (typeof COLLECTION_KINDS)[number];

/** How many photos differ between a state and the one before it. */
export const changeCounts = z.object({
  added: count,
  removed: count,
  /** In both, at another place in the order: the fewest that have to be moved. */
  moved: count,
  /** In both, with other fields. */
  described: count,
  /** In both, folded under another photo. */
  folded: count,
  /** True where fields of the collection itself differ. */
  fields: z.boolean(),
});
export type ChangeCounts = Facts<typeof changeCounts>;

/** A version in a list. */
export const versionInfo = versionFacts.extend({ changes: changeCounts });
export type VersionInfo = Facts<typeof versionInfo>;

/** A collection as it is now. */
export const collectionInfo = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(COLLECTION_KINDS),
  created: z.string(),
  items: count,
  /** Of these, those that are folded under another. */
  folded: count,
  /** Of these, those of which no file is there now. */
  gone: count,
  /** The newest version; null before the first. */
  version: z.object({ number: count, digest: sha256, created: z.string(), tags: z.array(z.string()) }).nullable(),
  /** What it has that the newest version has not; all zero and false where nothing is to be committed. */
  changes: changeCounts,
  uncommitted: z.boolean(),
  /** Conflicts of merges that nobody judged yet. */
  conflicts: count,
  /** True for the one that keys add to. */
  current: z.boolean(),
  fields: fieldValues,
  /** Of a smart one: a tree of conditions. */
  rules: z.unknown(),
  /** Its first photos. */
  cover: z.array(z.string()),
});
export type CollectionInfo = Facts<typeof collectionInfo>;

/** A photo of a list: of a collection, of a version of it, or of the library. */
export const listedPhoto = z.object({
  /** From 0, in the list. */
  at: count,
  photo: z.string(),
  /** Below its scene's folder. */
  name: z.string(),
  /** The scene's name: of photos of one name it tells which is which. Empty where nothing is known of a file. */
  folder: z.string(),
  /** Pixels as displayed. */
  width: count,
  height: count,
  /** There is no file of it now. */
  gone: z.boolean(),
  /** Photo that it is folded under. */
  foldedUnder: z.string().nullable(),
  /** How many are folded under it. */
  folds: count,
  fields: fieldValues,
  provenance: provenance.nullable(),
});
export type ListedPhoto = Facts<typeof listedPhoto>;

/** What was changed of fields: values in the place of others, values beside others, fields taken away. */
export const fieldChange = z.strictObject({
  set: fieldValues.optional(),
  add: fieldValues.optional(),
  clear: z.array(z.string().min(1).max(100)).max(100).optional(),
});
export type FieldChange = Facts<typeof fieldChange>;

/** One photo that differs between two states. Null where it was not, or is not, in. */
const side = z.object({
  path: z.string().nullable(),
  /** From 0. */
  at: count,
  fields: fieldValues,
  foldedUnder: sha256.nullable(),
});
export const DIFFERENCE_KINDS = ['added', 'removed', 'moved', 'described', 'folded'] as const;
export const photoDifference = z.object({
  /** Content hash; null where this library does not have the photo. */
  photo: z.string().nullable(),
  /** Null where it is not known yet. */
  sha256: sha256.nullable(),
  name: z.string(),
  /** As of photos of lists. */
  folder: z.string(),
  kinds: z.array(z.enum(DIFFERENCE_KINDS)),
  before: side.nullable(),
  after: side.nullable(),
});
export type PhotoDifference = Facts<typeof photoDifference>;

/** How one state of a collection differs from another. */
export const collectionDifference = z.object({
  /** Number of the version; null for nothing at all (before the first version), `working` for what is not committed. */
  from: z.union([count, z.literal('working')]).nullable(),
  to: z.union([count, z.literal('working')]),
  counts: changeCounts,
  /** Fields of the collection that differ. */
  fields: z.array(
    z.object({ field: z.string(), before: z.array(z.string()).nullable(), after: z.array(z.string()).nullable() }),
  ),
  /** Of how many photos `photos` is a part: of those that differ by the kind that was asked for. */
  total: count,
  photos: z.array(photoDifference),
});
export type CollectionDifference = Facts<typeof collectionDifference>;

/** What a commit did. */
export const commitReport = versionFacts.extend({
  /** Photos of it of which no file is there now; they are in the version, because their SHA-256 is known. */
  gone: z.array(z.string()),
});
export type CommitReport = Facts<typeof commitReport>;

/** One thing that several say differently, and nobody judged yet. */
export const collectionConflict = z.object({
  /** Its photo; null for the collection itself, and where this library does not have the photo. */
  photo: z.string().nullable(),
  sha256: sha256.nullable(),
  name: z.string(),
  /** As of photos of lists. */
  folder: z.string(),
  /** `member`, `folded`, or `field NAME`. */
  aspect: z.string(),
  /** What holds until it is judged: what the base version said. A value of JSON: true or false, a SHA-256, values of a field, or null. */
  base: z.unknown(),
  proposals: z.array(z.object({ author: z.string(), value: z.unknown() })),
  /** Of a fold: the photos that are proposed as heads; `photo` null where this library does not have it. */
  heads: z.array(z.object({ sha256, photo: z.string().nullable(), name: z.string() })),
});
export type CollectionConflict = Facts<typeof collectionConflict>;

/** Agreement of two who judged which photos belong. */
export const agreement = z.object({
  /** Photos that both judged. */
  both: count,
  agreed: count,
  /** Cohen's kappa; null where it is not defined: nothing was judged by both, or chance alone would agree always. */
  kappa: z.number().nullable(),
});
export type Agreement = Facts<typeof agreement>;

/** What a merge did. */
export const mergeReport = z.object({
  /** True where this bundle was merged before, and nothing was done. */
  already: z.boolean(),
  author: z.string(),
  base: sha256,
  theirs: sha256,
  added: count,
  removed: count,
  described: count,
  folded: count,
  conflicts: count,
  /** Photos of the bundle that this library does not have, by path: import them and merge again. A page is told the first ones. */
  missing: z.array(z.string()),
  missingTotal: count.default(0),
  agreement,
});
export type MergeReport = Facts<typeof mergeReport>;

/** What became of a table of fields that was read. */
export const fieldsReport = z.object({
  /** Photos whose fields changed. */
  changed: count,
  /** Photos of the table that had them already. */
  same: count,
  /** Rows whose photo is not in the collection. A page is told the first ones. */
  unknown: z.array(z.string()),
  unknownTotal: count.default(0),
  /** What was kept and yet is not as it should be: rights in words, dates that are no EDTF. */
  notes: z.array(z.string()),
});
export type FieldsReport = Facts<typeof fieldsReport>;

/** The version of a collection that something was done on, as reports and records say it. */
export const collectionSubset = z.object({ collection: z.string(), version: count, digest: sha256, items: count });
export type CollectionSubset = Facts<typeof collectionSubset>;

/** Photos of a version that the library does not have. */
export const missingPhotos = z.object({
  /** All of them. */
  total: count,
  photos: z.array(z.object({ path: z.string(), sha256 })),
});
export type MissingPhotos = Facts<typeof missingPhotos>;
