import { z } from 'zod';
import {
  COLLECTION_KINDS,
  DIFFERENCE_KINDS,
  collectionConflict,
  collectionDifference,
  collectionInfo,
  fieldChange,
  fieldsReport,
  listedPhoto,
  mergeReport,
  missingPhotos,
  provenance,
  versionInfo,
} from '../facts/collections.ts';
import { count, type Facts } from '../facts/facts.ts';
import { mapBox, timeSpan } from '../facts/photos.ts';
import { id, none, onceKey } from '../fields.ts';
import { startedJob } from './jobs.ts';
import { route } from './route.ts';

const MOST = 100_000;
/** Photos of which a page is told, or tells, in one message: a few hundred kilobytes. */
const PART = 10_000;
const name = z.string().min(1).max(200);
const versionNumber = z.int().positive();
const state = z.union([versionNumber, z.literal('working')]);
/** Name of a list that `collections.open` gave. */
const list = z.string().regex(/^p\d{1,15}$/);

/**
 * Photos: named one by one, or all of a list but some, or ranges of a list (from, to: first position and the one after the last).
 * More than 100,000 are said as a list.
 */
export const chosenPhotos = {
  photos: z.array(id).max(MOST).optional(),
  list: list.optional(),
  ranges: z
    .array(z.tuple([z.int().min(0), z.int().min(0)]))
    .max(10_000)
    .optional(),
  except: z.array(id).max(MOST).optional(),
};

/** What a list of photos is narrowed to; all that is given has to hold. */
export const photoFilter = z
  .strictObject({
    /** Words of the file's name, whatever the case. */
    text: z.string().min(1).max(200),
    cluster: id,
    /** Name of a scene. */
    scene: z.string().min(1).max(1000),
    /** In no collection at all. */
    inNone: z.boolean(),
    /** Only those that are in this collection, or not. */
    in: id,
    notIn: id,
    /** True: without those that are folded under another. Only of a collection. */
    heads: z.boolean(),
    /** Only those of which no file is there. */
    gone: z.boolean(),
    /** Taken within this time, or this part of the map. */
    taken: timeSpan,
    box: mapBox,
    /** Only those that are folded under another in the library, or not. */
    folded: z.boolean(),
    /** Only those with this field, or with this value of it. Only of a collection. */
    field: z.strictObject({ name: z.string().min(1).max(100), value: z.string().max(10_000).optional() }),
    /** Only those folded under this photo, and the photo itself. Only of a collection. */
    foldOf: id,
    /** Only these. */
    photos: z.array(id).min(1).max(500),
  })
  .partial();
export type PhotoFilterParams = Facts<typeof photoFilter>;

/** `order` is the collection's own, for the library that of import. */
export const PHOTO_SORTS = ['order', 'name', 'taken', 'pixels', 'score'] as const;

const done = z.object({
  /** The action of the one history of undo; null where there was nothing to do. */
  action: z.int().nullable(),
});
const write = { collection: id, once: onceKey };

const origin = z.strictObject({
  how: provenance.shape.how,
  query: z.string().max(10_000).nullable().optional(),
  method: z.string().max(100).nullable().optional(),
  network: id.nullable().optional(),
});
/** How photos that are added were come by. */
const cameBy = {
  /** What all of them came from, but for those of which `originOf` says another; rank and score of each are said below. */
  provenance: origin.optional(),
  /** What some of them came from: what one gesture adds may have been found in several ways. */
  origins: z.array(origin).max(1000).optional(),
  /** Beside `photos`, as many: which of `origins`. */
  originOf: z.array(z.int().min(0).nullable()).max(MOST).optional(),
  /** Beside `photos`, as many. */
  scores: z.array(z.number().nullable()).max(MOST).optional(),
  ranks: z.array(z.int().min(1).nullable()).max(MOST).optional(),
};

/** What a decision bundle is made of. */
export const bundleParams = z.strictObject({
  collection: id,
  version: versionNumber,
  base: versionNumber,
  author: z.string().min(1).max(200).optional(),
});

export const collectionRoutes = {
  'collections.list': route({ who: 'page', repeat: 'safe', params: none, result: z.array(collectionInfo) }),
  'collections.create': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({
      name,
      kind: z.enum(COLLECTION_KINDS).default('manual'),
      /** Of a smart one. */
      rules: z.unknown().optional(),
      /** Photos that one by hand has from the beginning, in their order: made with them as one action. */
      add: z.strictObject({ ...chosenPhotos, ...cameBy }).optional(),
      once: onceKey,
    }),
    result: done.extend({ id: z.string() }),
  }),
  'collections.rename': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ ...write, name }),
    result: done,
  }),
  /** Hides it; undo brings it back with its versions. */
  'collections.delete': route({ who: 'page', repeat: 'once', params: z.strictObject(write), result: done }),
  /** A new one with the same photos, folds, fields and rules. */
  'collections.duplicate': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ ...write, name }),
    result: done.extend({ id: z.string() }),
  }),
  'collections.setRules': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ ...write, rules: z.unknown() }),
    result: done,
  }),
  'collections.setCurrent': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ collection: id.nullable() }),
    result: z.null(),
  }),

  /**
   * Begins a list of photos that are said in parts, each with how it was come by, or goes on with it: what is then added, taken out or
   * described by the list's name is one action, of any number of photos.
   */
  'collections.gather': route({
    who: 'page',
    params: z.strictObject({
      /** What was begun; left out for the first part. */
      list: list.optional(),
      photos: z.array(id).min(1).max(PART),
      origins: cameBy.origins,
      originOf: z.array(z.int().min(0).nullable()).max(PART).optional(),
      scores: z.array(z.number().nullable()).max(PART).optional(),
      ranks: z.array(z.int().min(1).nullable()).max(PART).optional(),
    }),
    result: z.object({ list: z.string(), total: count }),
  }),
  /**
   * The photos that a file names, one a line, as a list: content hashes, `<scene>/<path>`, or as much of a path as only one photo has.
   * All of them have to be there.
   */
  'collections.named': route({
    who: 'page',
    params: z.strictObject({
      /** That was sent. */
      file: id,
      /** What it is called, for what is said of it. */
      fileName: z.string().min(1).max(1000),
    }),
    result: z.object({ list: z.string(), total: count }),
  }),
  /** Photos that are in already stay as they are. */
  'collections.add': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({
      ...write,
      ...chosenPhotos,
      ...cameBy,
      /** Photo of the collection before which they come; left out: at the end. */
      before: id.optional(),
    }),
    result: done.extend({ added: count, already: count }),
  }),
  'collections.remove': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({
      ...write,
      ...chosenPhotos,
      /** Notes also of photos that are not in that they do not belong: a judgement, for agreement and for exemplars. */
      judge: z.boolean().default(false),
    }),
    result: done.extend({ removed: count }),
  }),
  /** Puts items before another, or at the end, in the order in which they are given (of a list: in the list's). */
  'collections.move': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ ...write, ...chosenPhotos, before: id.optional() }),
    result: done.extend({ moved: count }),
  }),
  /** Folds items under another item. What was folded under them goes with them. */
  'collections.fold': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ ...write, ...chosenPhotos, head: id }),
    result: done.extend({ folded: count }),
  }),
  /** Lets items stand for themselves again; of heads, all that is folded under them. */
  'collections.unfold': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ ...write, ...chosenPhotos }),
    result: done.extend({ unfolded: count }),
  }),

  /** Fields of the collection as a whole: defaults of its photos. `notes` says what is kept but not as it should be. */
  'collections.setFields': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ ...write, change: fieldChange }),
    result: done.extend({ notes: z.array(z.string()) }),
  }),
  /** Fields of items. */
  'collections.describe': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ ...write, ...chosenPhotos, change: fieldChange }),
    result: done.extend({ changed: count, notes: z.array(z.string()) }),
  }),
  /** Names of fields that are used, with how many items have them and their most frequent values. */
  'collections.fields': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ collection: id }),
    result: z.array(
      z.object({
        field: z.string(),
        items: count,
        values: z.array(z.object({ value: z.string(), items: count })),
      }),
    ),
  }),
  'collections.readFieldsTable': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({
      ...write,
      /** That was sent. */
      file: id,
    }),
    result: done.extend(fieldsReport.shape),
  }),

  /** Puts the photos of a collection (now or in a version), or of the library (null), in order once; pages are then read by the list's name. */
  'collections.open': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({
      collection: id.nullable(),
      version: versionNumber.optional(),
      filter: photoFilter.default({}),
      sort: z.enum(PHOTO_SORTS).default('order'),
      descending: z.boolean().default(false),
    }),
    result: z.object({ list: z.string(), total: count }),
  }),
  'collections.page': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ list, from: z.int().min(0), limit: z.int().min(1).max(500) }),
    result: z.object({ photos: z.array(listedPhoto) }),
  }),
  /** Ids of a list from a position on. */
  'collections.ids': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ list, from: z.int().min(0), limit: z.int().min(1).max(PART) }),
    result: z.object({ photos: z.array(z.string()) }),
  }),
  /** Collections that each of some photos is in, in the order asked; for marks on thumbnails. */
  'collections.membership': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ photos: z.array(id).min(1).max(5000) }),
    result: z.object({ of: z.array(z.array(z.string())) }),
  }),

  /** Starts the job that makes a version of what is there now. */
  'collections.commit': route({
    who: 'page',
    params: z.strictObject({
      collection: id,
      message: z.string().max(10_000).default(''),
      author: z.string().min(1).max(200).optional(),
      tag: z.string().min(1).max(100).optional(),
    }),
    result: startedJob,
  }),
  /** Newest first. */
  /** Photos of a version that the library does not have, from one on: the version names them, the collection cannot show them. */
  'collections.missing': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({
      collection: id,
      version: versionNumber,
      at: z.int().min(0).default(0),
      limit: z.int().min(1).max(1000).default(500),
    }),
    result: missingPhotos,
  }),
  'collections.versions': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ collection: id }),
    result: z.array(versionInfo),
  }),
  /**
   * From a version, or from nothing (null), to a version or to what is there now: how many photos differ, and some of them, from a
   * position on among those that differ, or that differ by `kind`.
   */
  'collections.diff': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({
      collection: id,
      from: versionNumber.nullable(),
      to: state,
      kind: z.enum(DIFFERENCE_KINDS).optional(),
      at: z.int().min(0).default(0),
      limit: z.int().min(1).max(1000).default(1000),
    }),
    result: collectionDifference,
  }),
  /** Makes the collection as it was in a version. Photos that this library does not have any more are said by path, the first thousand. */
  'collections.restore': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ ...write, version: versionNumber }),
    result: done.extend({ missing: z.array(z.string()), missingTotal: count.default(0) }),
  }),
  /** Gives a version a tag, or moves the tag to it; `version: null` takes the tag away. */
  'collections.tag': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({ ...write, tag: z.string().min(1).max(100), version: versionNumber.nullable() }),
    result: done,
  }),
  'collections.merge': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({
      ...write,
      /** That was sent. */
      file: id,
      /** Who decided what is here and in no version yet; left out: who committed last, or else this account. */
      author: z.string().min(1).max(200).optional(),
    }),
    result: done.extend(mergeReport.shape),
  }),
  /** From a position on, as many as go into one message: `collections.list` says how many there are. */
  'collections.conflicts': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({
      collection: id,
      at: z.int().min(0).default(0),
      limit: z.int().min(1).max(500).default(200),
    }),
    result: z.array(collectionConflict),
  }),
  /** Judges a conflict: takes what one proposed (from 0), or leaves it as it was (null). */
  'collections.judge': route({
    who: 'page',
    repeat: 'once',
    params: z.strictObject({
      ...write,
      /** SHA-256 of the photo; null for the collection itself. */
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .nullable(),
      aspect: z.string().min(1).max(120),
      proposal: z.int().min(0).nullable(),
    }),
    result: done,
  }),
};
