import { CovisError } from '../../../shared/errors.ts';
import { collectionRuleRoutes } from '../../../shared/routes/collection-rules.ts';
import type { RouteResults } from '../../../shared/routes/index.ts';
import { deed } from '../collections/deeds-thread.ts';
import type { FoldEdit } from '../collections/fold-library.ts';
import { photoLists } from '../collections/lists.ts';
import { readRule } from '../collections/rule-tree.ts';
import { qualityHistogram } from '../features/quality-store.ts';
import { foldsOf } from '../library/fold-log.ts';
import type { Library } from '../library/library.ts';
import { photoByHash } from '../library/photos.ts';
import { integer, select } from '../library/rows.ts';
import { hashById, idByHash } from '../library/tables/photo.ts';
import { answeredBefore } from '../mining/once.ts';
import { answers, changed } from './answers.ts';

function editOf(
  library: Library,
  edit: { readonly kind: FoldEdit['kind'] } & Readonly<Record<string, unknown>>,
): FoldEdit {
  const number = (hash: unknown): number => photoByHash(library, hash as string).id;
  const numbers = (hashes: unknown): number[] => (hashes as readonly string[]).map(number);
  switch (edit.kind) {
    case 'fold':
      return { kind: 'fold', head: number(edit['head']), photos: numbers(edit['photos']) };
    case 'head':
      return { kind: 'head', photo: number(edit['photo']) };
    default:
      return { kind: edit.kind, photos: numbers(edit['photos']) };
  }
}

/** How many photos a library has: what is said of its folds is about all of them. */
function photosOf(library: Library): number {
  return select(library.db, 'SELECT COUNT(*) FROM photo', integer).one();
}

export const collectionRules = answers(collectionRuleRoutes, {
  'quality.histogram': async (engine, { field, bins, rule, ...some }) => {
    const { library } = engine;
    const named = some.photos !== undefined || some.list !== undefined;
    if (named && rule !== undefined) throw new CovisError('INPUT_INVALID', 'Say photos or a rule, not both');
    const photos = named
      ? photoLists(library).chosen(some)
      : rule === undefined
        ? undefined
        : (await deed(library, photosOf(library), 'rule', undefined, readRule(rule))).photos;
    return qualityHistogram(library, field, bins, photos);
  },
  'rules.preview': async (engine, { rule, collection }) => {
    const { library } = engine;
    const read = rule === undefined ? undefined : readRule(rule);
    if (collection === undefined) {
      if (read === undefined) throw new CovisError('INPUT_INVALID', 'Say a rule, a collection, or both');
      const { photos, notes } = await deed(library, photosOf(library), 'rule', undefined, read);
      return { ...photoLists(library).put(photos), added: null, removed: null, notes };
    }
    const { photos, ...rest } = await deed(library, photosOf(library), 'smart', undefined, collection, read);
    return { ...photoLists(library).put(photos, collection), ...rest };
  },
  'rules.refresh': async (engine, { collection, once: key }) => {
    const { library } = engine;
    const report = await deed(library, photosOf(library), 'refresh', key, collection);
    changed(engine, 'collections');
    return report;
  },

  'folds.propose': async (engine, { apply, once: key, at, limit, ...options }) => {
    const { library } = engine;
    const had = apply ? answeredBefore<RouteResults<'folds.propose'>>(library, key) : undefined;
    if (had !== undefined) return had.answer;
    const report = await deed(library, photosOf(library), 'proposeFolds', key, options, apply, { at, limit });
    if (apply) changed(engine, 'photos', 'collections');
    return report;
  },
  'folds.edit': async (engine, { edit, once: key }) => {
    const { library } = engine;
    const report = await deed(library, photosOf(library), 'editFolds', key, editOf(library, edit));
    changed(engine, 'photos', 'collections');
    return report;
  },
  'folds.under': ({ library }, { photos }) => {
    const [byHash, hash] = [idByHash(library), hashById(library)];
    const { headOf, under } = foldsOf(library);
    const numbers = photos.map((p) => byHash.get(p));
    const heads = numbers.map((n) => (n === undefined ? undefined : headOf(n)));
    return {
      under: heads.map((n) => (n === undefined ? null : hash.one(n))),
      folds: numbers.map((n) => (n === undefined ? 0 : under(n))),
    };
  },
  'folds.collection': async (engine, { collection, once: key }) => {
    const { library } = engine;
    const report = await deed(library, photosOf(library), 'foldCollection', key, collection);
    changed(engine, 'collections');
    return report;
  },

  'exemplars.next': async (engine, { among, ...asked }) => {
    const { library } = engine;
    const { numbers, ...next } = await deed(library, photosOf(library), 'next', undefined, {
      ...asked,
      among: among === undefined ? undefined : readRule(among),
    });
    return { ...next, list: photoLists(library).put(numbers).list };
  },
});
