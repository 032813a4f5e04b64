/** What takes long with many photos, by name: done in this thread, or in one beside it (`deeds-thread.ts`). */
import { readFileSync, writeFileSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import type { FieldChange } from '../../../shared/facts/collections.ts';
import type { Rule } from '../../../shared/facts/collection-rules.ts';
import type { JudgementParams } from '../../../shared/routes/review.ts';
import { photoNames } from '../exchange/photo-names.ts';
import { duplicateIds, duplicatePage, duplicatesAhead } from '../features/duplicates.ts';
import type { Library } from '../library/library.ts';
import { redo, undo } from '../mining/decisions.ts';
import { turnTo } from '../mining/history-line.ts';
import { judge } from '../mining/judge.ts';
import { once } from '../mining/once.ts';
import { silentContext } from '../queue/context.ts';
import { writeBundle } from './bundle.ts';
import { differencePage } from './compare.ts';
import { changeFields } from './fields.ts';
import { fieldsTable, readFieldsTable } from './fields-table.ts';
import { foldCollection } from './fold-collection.ts';
import { describePhotos } from './fold-items.ts';
import {
  editFolds,
  foldPage,
  foldsToPropose,
  proposeLibraryFolds,
  type FoldEdit,
  type FoldOptions,
} from './fold-library.ts';
import { addPhotos, createWith, movePhotos, removePhotos, type Addition, type From } from './gather.ts';
import { fieldsOf, fieldsText } from './items.ts';
import { mergeBundle } from './merge.ts';
import { nextPhotosToJudge, type NextAsked } from './next.ts';
import { setAhead } from './set-memory.ts';
import { answerRule } from './rules.ts';
import { applySmart, smartState } from './smart.ts';
import { restoreVersion, versionHistory } from './versions.ts';

type Key = string | undefined;

/** The text of a file. @throws CovisError `INPUT_CORRUPT` for what is none. */
function textOf(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (cause) {
    throw new CovisError('INPUT_CORRUPT', 'This file is no text (UTF-8)', { cause });
  }
}

/** Takes and gives what can be copied to another thread. */
export const DEEDS = {
  create(library: Library, key: Key, name: string, additions: readonly Addition[], from: From | undefined) {
    return once(library, key, () => {
      const { action, collection } = createWith(library, name, additions, from);
      return { action, id: collection.uid };
    });
  },
  add(
    library: Library,
    key: Key,
    collection: string,
    additions: readonly Addition[],
    { from, before }: { readonly from?: From | undefined; readonly before?: number | undefined },
  ) {
    return once(library, key, () => addPhotos(library, collection, additions, from, before));
  },
  remove(library: Library, key: Key, collection: string, photos: readonly number[], judge: boolean) {
    return once(library, key, () => removePhotos(library, collection, photos, judge));
  },
  move(library: Library, key: Key, collection: string, photos: readonly number[], before: number | undefined) {
    return once(library, key, () => movePhotos(library, collection, photos, before));
  },
  describe(library: Library, key: Key, collection: string, photos: readonly number[], change: FieldChange) {
    return once(library, key, () =>
      describePhotos(library, collection, photos, (fields) => fieldsText(changeFields(fieldsOf(fields), change))),
    );
  },
  restore(library: Library, key: Key, collection: string, version: number) {
    return once(library, key, () => {
      const { action, missing } = restoreVersion(library, collection, String(version));
      return { action, missing };
    });
  },
  judge: (library: Library, key: Key, label: string, judgements: readonly JudgementParams[]) =>
    once(library, key, () => judge(library, label, judgements)),
  readTable(library: Library, key: Key, collection: string, file: string) {
    return once(library, key, () => {
      const { find } = photoNames(library);
      return readFieldsTable(library, collection, textOf(file), find);
    });
  },
  merge(library: Library, key: Key, collection: string, file: string, author: string | undefined) {
    return once(library, key, () => mergeBundle(library, collection, textOf(file), author));
  },
  /** Writes the table of fields into a file. */
  writeTable(library: Library, _: Key, collection: string, out: string) {
    writeFileSync(out, fieldsTable(library, collection));
  },
  /** Writes a decision bundle into a file. */
  async writeBundle(library: Library, _: Key, asked: Parameters<typeof writeBundle>[1], out: string) {
    writeFileSync(out, await writeBundle(library, asked, silentContext()));
  },
  proposeFolds(
    library: Library,
    key: Key,
    options: FoldOptions,
    apply: boolean,
    page: { readonly at: number; readonly limit: number },
  ) {
    const ahead = foldsToPropose(library, options);
    const work = (): ReturnType<typeof proposeLibraryFolds> =>
      foldPage(proposeLibraryFolds(library, options, apply, ahead), page);
    return apply ? once(library, key, work) : work();
  },
  editFolds: (library: Library, key: Key, edit: FoldEdit) => once(library, key, () => editFolds(library, edit)),
  foldCollection: (library: Library, key: Key, collection: string) =>
    once(library, key, () => foldCollection(library, collection)),
  undo: (library: Library, key: Key) => once(library, key, () => undo(library)),
  redo: (library: Library, key: Key) => once(library, key, () => redo(library)),
  goTo: (library: Library, key: Key, action: number | null) =>
    once(library, key, () => ({ turned: turnTo(library, action) })),
  difference: (library: Library, _: Key, ...asked: Rest<typeof differencePage>) => differencePage(library, ...asked),
  history: (library: Library, _: Key, collection: string) => versionHistory(library, collection),
  /** Photos that a rule gives. */
  async rule(library: Library, _: Key, rule: Rule) {
    const { photos, notes } = await answerRule(library, rule);
    return { photos, notes };
  },
  /** Photos that a collection's rule, or another, gives, and how many that brings and takes. */
  async smart(library: Library, _: Key, collection: string, rule: Rule | undefined) {
    const { answer, added, removed } = await smartState(library, collection, rule);
    return { photos: answer.photos, notes: answer.notes, added: added.length, removed: removed.length };
  },
  async refresh(library: Library, key: Key, collection: string) {
    const state = await smartState(library, collection);
    return once(library, key, () => applySmart(library, collection, state));
  },
  next: (library: Library, _: Key, asked: NextAsked) => nextPhotosToJudge(library, asked),
  duplicates: (library: Library, _: Key, ...asked: Rest<typeof duplicatePage>) => duplicatePage(library, ...asked),
  duplicateIds: (library: Library, _: Key, ...asked: Rest<typeof duplicateIds>) => duplicateIds(library, ...asked),
  async ahead(library: Library, _: Key, most: number) {
    await setAhead(library, most);
    duplicatesAhead(library);
    return null;
  },
};

type Rest<F extends (library: Library, ...rest: never[]) => unknown> = F extends (
  library: Library,
  ...rest: infer R
) => unknown
  ? R
  : never;
export type DeedName = keyof typeof DEEDS;
/** What a deed takes, behind the library and the key under which it is done once. */
export type DeedArgs<D extends DeedName> = Parameters<(typeof DEEDS)[D]> extends [Library, Key, ...infer A] ? A : never;
export type DeedResult<D extends DeedName> = Awaited<ReturnType<(typeof DEEDS)[D]>>;
