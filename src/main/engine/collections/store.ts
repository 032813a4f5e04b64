/** Collections as a whole, as a person makes and changes them: each step is one action of the log, undone as one. */
import { randomUUID } from 'node:crypto';
import { CovisError } from '../../../shared/errors.ts';
import type { CollectionKind, FieldValues } from '../../../shared/facts/collections.ts';
import type { CollectionChange, PartRow } from '../library/collection-log.ts';
import { now, type Library } from '../library/library.ts';
import { integer, nullable, select } from '../library/rows.ts';
import { allCollections, collectionById, collectionNamed, type CollectionRow } from '../library/tables/collection.ts';
import { durably } from '../mining/action-log.ts';
import { act } from './acts.ts';
import { readRule } from './rule-tree.ts';
import { settledRule } from './settled-rule.ts';
import { fieldsText, itemsOf, rowOf, type Item } from './items.ts';

const LONGEST_NAME = 200;

/** The collection's own row, as the log keeps it. */
export function selfRow(
  c: CollectionRow,
  change: Partial<Omit<CollectionRow, 'id'>> & { hidden?: 0 | 1 } = {},
): PartRow {
  const { name, kind, fields, rules, hidden = 0 } = { ...c, ...change };
  return [name, kind, hidden, fieldsText(fields) ?? '{}', rules];
}

function selfChange(c: CollectionRow, change: Parameters<typeof selfRow>[1], hidden: 0 | 1 = 0): CollectionChange {
  return { collection: c.id, part: 'self', before: [selfRow(c, { hidden })], after: [selfRow(c, change)] };
}

/**
 * A name as it is kept: NFC, without spaces at its ends.
 * @throws CovisError `INPUT_INVALID` for what is no name, `STATE_CONFLICT` for one that another collection has.
 */
export function freeName(library: Library, wanted: string, own?: number): string {
  const name = wanted.normalize('NFC').trim();
  if (name === '' || name.length > LONGEST_NAME)
    throw new CovisError('INPUT_INVALID', `The name of a collection has between 1 and ${LONGEST_NAME} characters`);
  if (/[@\p{Cc}]/u.test(name))
    throw new CovisError('INPUT_INVALID', 'The name of a collection has no @ and no control characters', {
      hint: 'What stands behind an @ names a version.',
    });
  if (allCollections(library).some((c) => c.name === name && c.id !== own))
    throw new CovisError('STATE_CONFLICT', `There is a collection "${name}" already`, { hint: 'Choose another name.' });
  return name;
}

/** A row that nobody sees until an action makes it visible. Runs inside a transaction. */
export function hiddenCollection(library: Library, name: string, kind: CollectionKind): CollectionRow {
  const id = select(
    library.db,
    'INSERT INTO collection (uid, created, name, kind) VALUES (?, ?, ?, ?) RETURNING id',
    integer,
  ).one(randomUUID().replaceAll('-', ''), now(), name, kind);
  return collectionById(library, id);
}

/** What a new collection has from its beginning. */
export interface Beginning {
  readonly kind?: CollectionKind | undefined;
  /** JSON. */
  readonly rules?: unknown;
  readonly fields?: FieldValues | undefined;
  /** In their order. */
  readonly items?: readonly Item[] | undefined;
}

/** Makes a collection. @throws CovisError as {@link freeName}. */
export function createCollection(
  library: Library,
  wanted: string,
  { kind = 'manual', rules, fields = {}, items = [] }: Beginning = {},
  label = (name: string): string => `Create ${name}`,
): { readonly action: number; readonly collection: CollectionRow } {
  return durably(library, () => {
    const name = freeName(library, wanted);
    const made = hiddenCollection(library, name, kind);
    const change = {
      hidden: 0 as const,
      fields,
      rules: rules === undefined ? null : JSON.stringify(settledRule(library, readRule(rules))),
    };
    const action = act(library, label(name), [
      selfChange(made, change, 1),
      { collection: made.id, part: 'items', before: [], after: items.map(rowOf) },
    ])!;
    return { action, collection: collectionById(library, made.id) };
  });
}

/** @throws CovisError as {@link freeName}, `NOT_FOUND`. */
export function renameCollection(library: Library, collection: string, wanted: string): number | null {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    const name = freeName(library, wanted, c.id);
    if (name === c.name) return null;
    return act(library, `Rename ${c.name} to ${name}`, [selfChange(c, { name })]);
  });
}

/** Hides a collection; its items and versions stay, and undo brings it back. @throws CovisError `NOT_FOUND`. */
export function deleteCollection(library: Library, collection: string): number | null {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    return act(library, `Delete ${c.name}`, [selfChange(c, { hidden: 1 })]);
  });
}

/** A new collection with what this one has now, without its versions. @throws CovisError as {@link freeName}, `NOT_FOUND`. */
export function duplicateCollection(
  library: Library,
  collection: string,
  wanted: string,
): { readonly action: number; readonly collection: CollectionRow } {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    const rules: unknown = c.rules === null ? undefined : JSON.parse(c.rules);
    const { kind, fields } = c;
    const beginning = { kind, rules, fields, items: itemsOf(library, c.id) };
    return createCollection(library, wanted, beginning, (name) => `Duplicate ${c.name} as ${name}`);
  });
}

/** Gives a smart collection other rules. @throws CovisError `INPUT_INVALID` for a manual one. */
export function setRules(library: Library, collection: string, rules: unknown): number | null {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    if (c.kind !== 'smart') throw new CovisError('INPUT_INVALID', `${c.name} is a collection by hand and has no rules`);
    const text = JSON.stringify(settledRule(library, readRule(rules), c.id));
    return text === c.rules ? null : act(library, `Change the rules of ${c.name}`, [selfChange(c, { rules: text })]);
  });
}

/** Fields of the collection as a whole. */
export function setCollectionFields(library: Library, collection: string, fields: FieldValues): number | null {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    if (fieldsText(c.fields) === fieldsText(fields)) return null;
    return act(library, `Describe ${c.name}`, [selfChange(c, { fields })]);
  });
}

/** The collection that keys add to; undefined where none was chosen, or it was deleted. */
export function currentCollection(library: Library): CollectionRow | undefined {
  const id = select(library.db, 'SELECT (SELECT collection_id FROM current_collection)', nullable(integer)).one();
  return id === null ? undefined : allCollections(library).find((c) => c.id === id);
}

/** Remembers which collection keys add to, or that it is none. Not part of the log. */
export function setCurrentCollection(library: Library, collection: string | null): void {
  library.transaction(() => {
    if (collection === null) library.db.prepare('DELETE FROM current_collection').run();
    else
      library.db
        .prepare('INSERT OR REPLACE INTO current_collection (only, collection_id) VALUES (1, ?)')
        .run(collectionNamed(library, collection).id);
  });
}
