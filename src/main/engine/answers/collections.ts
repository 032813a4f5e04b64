import type { FieldChange } from '../../../shared/facts/collections.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { RouteParams } from '../../../shared/routes/index.ts';
import { collectionRoutes } from '../../../shared/routes/collections.ts';
import { writeBundle } from '../collections/bundle.ts';
import { differencePage } from '../collections/compare.ts';
import { fieldsTable, readFieldsTable } from '../collections/fields-table.ts';
import { changeFields, fieldNotes, refuseWrongDates } from '../collections/fields.ts';
import { collectionInfo, fieldsInUse, listCollections } from '../collections/info.ts';
import { fieldsOf, fieldsText } from '../collections/items.ts';
import { membershipOf, photoLists, type Came, type Chosen } from '../collections/lists.ts';
import { judgeConflict, listConflicts, mergeBundle } from '../collections/merge.ts';
import { describePhotos, foldPhotos, unfoldPhotos } from '../collections/fold-items.ts';
import { addPhotos, createWith, movePhotos, removePhotos, type Addition } from '../collections/gather.ts';
import {
  createCollection,
  currentCollection,
  deleteCollection,
  duplicateCollection,
  renameCollection,
  setCollectionFields,
  setCurrentCollection,
  setRules,
} from '../collections/store.ts';
import { restoreVersion, tagVersion, versionHistory } from '../collections/versions.ts';
import { photoNames } from '../exchange/photo-names.ts';
import type { Library } from '../library/library.ts';
import { photoByHash } from '../library/photos.ts';
import { collectionNamed } from '../library/tables/collection.ts';
import { once } from '../mining/once.ts';
import { silentContext } from '../queue/context.ts';
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

/** @throws CovisError `INPUT_INVALID`. */
function checkedChange(change: FieldChange): { readonly notes: string[] } {
  refuseWrongDates(change);
  return { notes: [...new Set(fieldNotes(change))] };
}

export const collections = answers(collectionRoutes, {
  'collections.list': (engine) => listCollections(engine.library),
  'collections.info': (engine, { collection }) => collectionInfo(engine.library, collection),
  'collections.create': (engine, p) =>
    write(engine, p, (library) => {
      if (p.add !== undefined && (p.kind !== 'manual' || p.rules !== undefined))
        throw new CovisError('INPUT_INVALID', 'Rules say what is in a smart collection, and photos were named');
      const { action, collection } =
        p.add === undefined
          ? createCollection(library, p.name, { kind: p.kind, rules: p.rules })
          : createWith(library, p.name, additions(library, p.add), p.add.provenance);
      return { action, id: collection.uid };
    }),
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
  'collections.current': (engine) => ({ collection: currentCollection(engine.library)?.uid ?? null }),
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
  'collections.add': (engine, p) =>
    write(engine, p, (library) =>
      addPhotos(library, p.collection, additions(library, p), p.provenance, idOf(library, p.before)),
    ),
  'collections.remove': (engine, p) =>
    write(engine, p, (library) => removePhotos(library, p.collection, chosen(library, p), p.judge)),
  'collections.move': (engine, p) =>
    write(engine, p, (library) => movePhotos(library, p.collection, chosen(library, p), idOf(library, p.before))),
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
  'collections.describe': (engine, p) => {
    const { notes } = checkedChange(p.change);
    return write(engine, p, (library) => ({
      ...describePhotos(library, p.collection, chosen(library, p), (fields) =>
        fieldsText(changeFields(fieldsOf(fields), p.change)),
      ),
      notes,
    }));
  },
  'collections.fields': (engine, { collection }) => fieldsInUse(engine.library, collection),
  'collections.fieldsTable': (engine, { collection }) => ({ csv: fieldsTable(engine.library, collection) }),
  'collections.readFieldsTable': (engine, p) =>
    write(engine, p, (library) => {
      const { find } = photoNames(library);
      return readFieldsTable(library, p.collection, p.csv, find);
    }),

  'collections.open': (engine, p) => photoLists(engine.library).open(p),
  'collections.page': (engine, { list, from, limit }) => ({
    photos: photoLists(engine.library).page(list, from, limit),
  }),
  'collections.ids': (engine, { list, from, limit }) => ({ photos: photoLists(engine.library).ids(list, from, limit) }),
  'collections.find': (engine, { list, photo }) => ({ at: photoLists(engine.library).find(list, photo) }),
  'collections.membership': (engine, { photos }) => ({ of: membershipOf(engine.library, photos) }),

  'collections.commit': (engine, p) => startJob(engine, 'collection-commit', p),
  'collections.versions': (engine, { collection }) => versionHistory(engine.library, collection),
  'collections.diff': (engine, { collection, from, to, ...page }) =>
    differencePage(engine.library, collection, from, to, page),
  'collections.restore': (engine, p) =>
    write(engine, p, (library) => {
      const { action, missing } = restoreVersion(library, p.collection, String(p.version));
      return { action, missing };
    }),
  'collections.tag': (engine, p) =>
    write(engine, p, (library) => ({ action: tagVersion(library, p.collection, p.tag, p.version) })),

  'collections.bundle': async (engine, { collection, version, base, author }) => ({
    jsonl: await writeBundle(
      engine.library,
      { collection, version: String(version), base: String(base), author },
      silentContext(),
    ),
  }),
  'collections.merge': (engine, p) => write(engine, p, (library) => mergeBundle(library, p.collection, p.jsonl)),
  'collections.conflicts': (engine, { collection }) => listConflicts(engine.library, collection),
  'collections.judge': (engine, p) =>
    write(engine, p, (library) => ({ action: judgeConflict(library, p.collection, p.sha256, p.aspect, p.proposal) })),
});
