import type { FieldChange } from '../../../shared/facts/collections.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { RouteParams } from '../../../shared/routes/index.ts';
import { collectionRoutes } from '../../../shared/routes/collections.ts';
import type { DeedArgs, DeedName, DeedResult } from '../collections/deeds.ts';
import { deed } from '../collections/deeds-thread.ts';
import { changeFields, fieldNotes, refuseWrongDates } from '../collections/fields.ts';
import { fieldsInUse, listCollections } from '../collections/info.ts';
import { membershipOf, photoLists, type Came, type Chosen } from '../collections/lists.ts';
import { listConflicts } from '../collections/conflicts.ts';
import { judgeConflict } from '../collections/merge.ts';
import { missingPhotos } from '../collections/missing.ts';
import { foldPhotos, unfoldPhotos } from '../collections/fold-items.ts';
import type { Addition } from '../collections/gather.ts';
import { photosNamed } from '../exchange/photo-names.ts';
import {
  createCollection,
  deleteCollection,
  duplicateCollection,
  renameCollection,
  setCollectionFields,
  setCurrentCollection,
  setRules,
} from '../collections/store.ts';
import { tagVersion } from '../collections/versions.ts';
import type { Library } from '../library/library.ts';
import { textLines } from '../library/name-lists.ts';
import { photoByHash } from '../library/photos.ts';
import { integer, select } from '../library/rows.ts';
import { collectionNamed, versionCalled } from '../library/tables/collection.ts';
import { answeredBefore, once } from '../mining/once.ts';
import { answers, changed, type EngineContext } from './answers.ts';
import { startJob } from './jobs.ts';

/** Does what is asked once, and tells pages. */
function write<T>(
  engine: EngineContext,
  { once: key }: { readonly once?: string | undefined },
  work: (library: Library) => T,
): T {
  const { library } = engine;
  const answer = once(library, key, () => work(library));
  changed(engine, 'collections');
  return answer;
}

/** As {@link write}, of a deed, which goes to a thread of its own where it is about many photos. @param about what it takes. */
async function done<D extends DeedName>(
  engine: EngineContext,
  { once: key }: { readonly once?: string | undefined },
  name: D,
  about: (library: Library) => { readonly photos: number; readonly args: Readonly<DeedArgs<D>> },
): Promise<DeedResult<D>> {
  const { library } = engine;
  const had = answeredBefore<DeedResult<D>>(library, key);
  if (had !== undefined) return had.answer;
  const { photos, args } = about(library);
  const answer = await deed(library, photos, name, key, ...(args as DeedArgs<D>));
  changed(engine, 'collections');
  return answer;
}

/** How many photos a collection has, at most: of what is there now and of its versions. */
function sizeOf(library: Library, wanted: string): number {
  const { id } = collectionNamed(library, wanted);
  return select(
    library.db,
    `SELECT MAX((SELECT COUNT(*) FROM collection_item WHERE collection_id = :id),
       (SELECT COALESCE(SUM(items), 0) FROM collection_version WHERE collection_id = :id))`,
    integer,
  ).one({ id });
}

const chosen = (library: Library, p: Chosen): number[] => photoLists(library).chosen(p);
const idOf = (library: Library, hash: string | undefined): number | undefined =>
  hash === undefined ? undefined : photoByHash(library, hash).id;

type Gathered = Pick<RouteParams<'collections.add'>, 'origins' | 'originOf' | 'scores' | 'ranks'>;

/** How the photo at this place was come by. @throws CovisError `INPUT_INVALID`. */
function cameOf({ origins, originOf, scores, ranks }: Omit<Gathered, 'provenance'>, i: number): Came {
  const from = originOf?.[i];
  if (from !== undefined && from !== null && origins?.[from] === undefined)
    throw new CovisError('INPUT_INVALID', `There is no origin ${from}`);
  return {
    score: scores?.[i] ?? null,
    rank: ranks?.[i] ?? null,
    from: from === undefined || from === null ? undefined : origins![from],
  };
}

/** Photos with how each was come by, which stands beside the photos as they were said, or goes with their list. */
function additions(library: Library, p: Chosen & Gathered): Addition[] {
  if (p.list !== undefined) {
    const lists = photoLists(library);
    const came = lists.cameBy(p.list);
    return chosen(library, p).map((photo) => ({ photo, ...came?.get(photo) }));
  }
  const said = new Map((p.photos ?? []).map((hash, i) => [idOf(library, hash)!, i]));
  return chosen(library, p).map((photo) => ({ photo, ...cameOf(p, said.get(photo)!) }));
}

/** Names of photos, or rows, that one message carries; all are counted. */
const NAMED = 1000;
/** Of a table or a bundle that was sent as a file: ten times that of a hundred thousand photos. */
const MOST_OF_A_FILE = 400 << 20;

/**
 * Uses a file that was sent, which is gone afterwards.
 * @param use asks for it only where it was not answered before. @throws CovisError `INPUT_INVALID`, `NOT_FOUND`.
 */
async function withFile<T>(
  { incoming }: EngineContext,
  file: string,
  use: (sent: () => string) => Promise<T>,
): Promise<T> {
  try {
    return await use(() => incoming.file(file, MOST_OF_A_FILE));
  } finally {
    incoming.drop(file);
  }
}

/** @throws CovisError `INPUT_INVALID`. */
function checkedChange(change: FieldChange): { readonly notes: string[] } {
  refuseWrongDates(change);
  return { notes: [...new Set(fieldNotes(change))] };
}

export const collections = answers(collectionRoutes, {
  'collections.list': (engine) => listCollections(engine.library),
  'collections.create': (engine, p) => {
    if (p.add !== undefined) {
      if (p.kind !== 'manual' || p.rules !== undefined)
        throw new CovisError('INPUT_INVALID', 'Rules say what is in a smart collection, and photos were named');
      const { add } = p;
      return done(engine, p, 'create', (library) => {
        const all = additions(library, add);
        return { photos: all.length, args: [p.name, all, add.provenance] as const };
      });
    }
    return write(engine, p, (library) => {
      const { action, collection } = createCollection(library, p.name, { kind: p.kind, rules: p.rules });
      return { action, id: collection.uid };
    });
  },
  'collections.rename': (engine, p) =>
    write(engine, p, (library) => ({ action: renameCollection(library, p.collection, p.name) })),
  'collections.delete': (engine, p) =>
    write(engine, p, (library) => ({ action: deleteCollection(library, p.collection) })),
  'collections.duplicate': (engine, p) =>
    write(engine, p, (library) => {
      const { action, collection } = duplicateCollection(library, p.collection, p.name);
      return { action, id: collection.uid };
    }),
  'collections.setRules': (engine, p) =>
    write(engine, p, (library) => ({ action: setRules(library, p.collection, p.rules) })),
  'collections.setCurrent': (engine, { collection }) => {
    setCurrentCollection(engine.library, collection);
    changed(engine, 'collections');
    return null;
  },

  'collections.gather': (engine, { photos, list, ...came }) =>
    photoLists(engine.library).gather(
      photos,
      photos.map((_, i) => cameOf(came, i)),
      list,
    ),
  'collections.named': (engine, { file, fileName }) =>
    withFile(engine, file, async (sent) => {
      const { library } = engine;
      const names = textLines(sent()).filter((l) => l !== '');
      if (names.length === 0)
        throw new CovisError('INPUT_INVALID', `${fileName} names no photo`, { hint: 'Write one a line.' });
      return photoLists(library).put(photosNamed(library, names, fileName));
    }),
  'collections.add': (engine, p) =>
    done(engine, p, 'add', (library) => {
      const all = additions(library, p);
      return {
        photos: all.length,
        args: [p.collection, all, { from: p.provenance, before: idOf(library, p.before) }] as const,
      };
    }),
  'collections.remove': (engine, p) =>
    done(engine, p, 'remove', (library) => {
      const photos = chosen(library, p);
      return { photos: photos.length, args: [p.collection, photos, p.judge] as const };
    }),
  'collections.move': (engine, p) =>
    done(engine, p, 'move', (library) => {
      const photos = chosen(library, p);
      return { photos: photos.length, args: [p.collection, photos, idOf(library, p.before)] as const };
    }),
  'collections.fold': (engine, p) =>
    write(engine, p, (library) =>
      foldPhotos(library, p.collection, [{ head: idOf(library, p.head)!, photos: chosen(library, p) }]),
    ),
  'collections.unfold': (engine, p) =>
    write(engine, p, (library) => unfoldPhotos(library, p.collection, chosen(library, p))),

  'collections.setFields': (engine, p) => {
    const { notes } = checkedChange(p.change);
    return write(engine, p, (library) => {
      const { fields } = collectionNamed(library, p.collection);
      return { action: setCollectionFields(library, p.collection, changeFields(fields, p.change)), notes };
    });
  },
  'collections.describe': async (engine, p) => {
    const { notes } = checkedChange(p.change);
    const said = await done(engine, p, 'describe', (library) => {
      const photos = chosen(library, p);
      return { photos: photos.length, args: [p.collection, photos, p.change] as const };
    });
    return { ...said, notes };
  },
  'collections.fields': (engine, { collection }) => fieldsInUse(engine.library, collection),
  'collections.readFieldsTable': async (engine, p) => {
    const report = await withFile(engine, p.file, (sent) =>
      done(engine, p, 'readTable', (library) => ({
        photos: sizeOf(library, p.collection),
        args: [p.collection, sent()] as const,
      })),
    );
    return { ...report, unknown: report.unknown.slice(0, NAMED) };
  },

  'collections.open': (engine, p) => photoLists(engine.library).open(p),
  'collections.page': (engine, { list, from, limit }) => ({
    photos: photoLists(engine.library).page(list, from, limit),
  }),
  'collections.ids': (engine, { list, from, limit }) => ({ photos: photoLists(engine.library).ids(list, from, limit) }),
  'collections.membership': (engine, { photos }) => ({ of: membershipOf(engine.library, photos) }),

  'collections.commit': (engine, p) => startJob(engine, 'collection-commit', p),
  'collections.missing': ({ library }, { collection, version, at, limit }) => {
    const c = collectionNamed(library, collection);
    return missingPhotos(library, versionCalled(library, c, String(version)), at, limit);
  },
  'collections.versions': ({ library }, { collection }) =>
    deed(library, sizeOf(library, collection), 'history', undefined, collection),
  'collections.diff': ({ library }, { collection, from, to, ...page }) =>
    deed(library, sizeOf(library, collection), 'difference', undefined, collection, from, to, page),
  'collections.restore': async (engine, p) => {
    const { action, missing } = await done(engine, p, 'restore', (library) => ({
      photos: sizeOf(library, p.collection),
      args: [p.collection, p.version] as const,
    }));
    return { action, missing: missing.slice(0, NAMED), missingTotal: missing.length };
  },
  'collections.tag': (engine, p) =>
    write(engine, p, (library) => ({ action: tagVersion(library, p.collection, p.tag, p.version) })),

  'collections.merge': async (engine, p) => {
    const report = await withFile(engine, p.file, (sent) =>
      done(engine, p, 'merge', (library) => ({
        photos: sizeOf(library, p.collection),
        args: [p.collection, sent(), p.author] as const,
      })),
    );
    return { ...report, missing: report.missing.slice(0, NAMED) };
  },
  'collections.conflicts': ({ library }, { collection, ...page }) => listConflicts(library, collection, page),
  'collections.judge': (engine, p) =>
    write(engine, p, (library) => ({ action: judgeConflict(library, p.collection, p.sha256, p.aspect, p.proposal) })),
});
