/** Collections as a person makes and changes them: each step is one action of the log, undone as one. */
import { randomUUID } from 'node:crypto';
import { CovisError } from '../../../shared/errors.ts';
import type { CollectionKind, FieldValues, Provenance } from '../../../shared/facts/collections.ts';
import { changeCollections, type CollectionChange, type PartRow } from '../library/collection-log.ts';
import { now, type Library } from '../library/library.ts';
import { integer, nullable, select } from '../library/rows.ts';
import { allCollections, collectionById, collectionNamed, type CollectionRow } from '../library/tables/collection.ts';
import { append, durably, history } from '../mining/action-log.ts';
import { readRule } from './rule-tree.ts';
import { settledRule } from './settled-rule.ts';
import { endOf, fieldsText, itemOf, itemsOf, rowOf, sourceWriter, STEP, type Item } from './items.ts';

const LONGEST_NAME = 200;
const LONGEST_LABEL = 200;

/** A photo to be added. Photos are numbers of the library. */
export interface Addition {
  readonly photo: number;
  readonly score?: number | null | undefined;
  /** From 1. */
  readonly rank?: number | null | undefined;
}

/** What photos came from. */
export interface From {
  readonly how: Provenance['how'];
  readonly query?: string | null | undefined;
  readonly method?: string | null | undefined;
  readonly network?: string | null | undefined;
}

/** `1 photo`, `312 photos`. */
export function photosText(n: number): string {
  return `${n} ${n === 1 ? 'photo' : 'photos'}`;
}

/**
 * One action of the log. Runs inside a transaction.
 * @returns its number; null where nothing changes, and then nothing is noted.
 */
export function act(library: Library, label: string, changes: readonly CollectionChange[]): number | null {
  if (changes.every((c) => c.before.length === 0 && c.after.length === 0)) return null;
  const before = history(library);
  const action = append(library, 'do', label.slice(0, LONGEST_LABEL), before.head, (own) => ({ head: own, tip: own }));
  changeCollections(library, action, changes);
  return action;
}

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

/** Rows of items before, and after a change of each; those that stay the same are left out. */
function itemsChange(
  collection: number,
  changed: Iterable<readonly [Item | undefined, Item | undefined]>,
): CollectionChange {
  const before: PartRow[] = [];
  const after: PartRow[] = [];
  for (const [was, is] of changed) {
    if (was !== undefined) before.push(rowOf(was));
    if (is !== undefined) after.push(rowOf(is));
  }
  return { collection, part: 'items', before, after };
}

/**
 * Adds photos in their order, at the end or before an item; those that are in already stay as they are.
 * @param before photo of the collection. @throws CovisError `NOT_FOUND`, `INPUT_INVALID`.
 */
export function addPhotos(
  library: Library,
  collection: string,
  additions: readonly Addition[],
  from: From = { how: 'hand' },
  before?: number,
): { readonly action: number | null; readonly added: number; readonly already: number } {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    const find = itemOf(library, c.id);
    const { how, query = null, method = null, network = null } = from;
    const source = sourceWriter(library)({ how, query, method, network });
    const fresh = new Map<number, Addition>();
    const already = new Set<number>();
    const had = new Map<number, Item>();
    for (const a of additions) {
      if (fresh.has(a.photo)) continue;
      const was = find(a.photo);
      if (was?.member === 1) already.add(a.photo);
      else {
        fresh.set(a.photo, a);
        if (was !== undefined) had.set(a.photo, was);
      }
    }
    const { positions, shifted } = placesFor(library, c, fresh.size, new Set(fresh.keys()), before);
    const action = act(library, `Add ${photosText(fresh.size)} to ${c.name}`, [
      shifted,
      itemsChange(
        c.id,
        Array.from(fresh.values(), ({ photo, score = null, rank = null }, i): [Item | undefined, Item] => [
          had.get(photo),
          {
            photo,
            member: 1,
            position: positions[i]!,
            head: null,
            source,
            score,
            rank,
            fields: had.get(photo)?.fields ?? null,
          },
        ]),
      ),
    ]);
    return { action, added: fresh.size, already: already.size };
  });
}

/**
 * Takes photos out. What was folded under them stands for itself then. A photo that was taken out is noted as judged, with its fields, so
 * that they are there again should it come back.
 * @param judge notes the same of photos that are not in.
 */
export function removePhotos(
  library: Library,
  collection: string,
  photos: readonly number[],
  judge = false,
): { readonly action: number | null; readonly removed: number } {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    const find = itemOf(library, c.id);
    const gone = new Set(photos);
    const changed: [Item | undefined, Item][] = [];
    let removed = 0;
    let position = endOf(library, c.id);
    for (const photo of gone) {
      const was = find(photo);
      if (was?.member === 1) {
        removed += 1;
        changed.push([was, { ...was, member: 0, head: null }]);
      } else if (judge && was === undefined) {
        changed.push([
          undefined,
          { photo, member: 0, position, head: null, source: null, score: null, rank: null, fields: null },
        ]);
        position += STEP;
      }
    }
    for (const item of foldedUnder(library, c.id, gone))
      if (!gone.has(item.photo)) changed.push([item, { ...item, head: null }]);
    const label =
      removed > 0 || !judge
        ? `Take ${photosText(removed)} out of ${c.name}`
        : `Judge that ${photosText(changed.length)} ${changed.length === 1 ? 'does' : 'do'} not belong to ${c.name}`;
    return { action: act(library, label, [itemsChange(c.id, changed)]), removed };
  });
}

/** Items that are folded under some photos. */
function foldedUnder(library: Library, collection: number, heads: ReadonlySet<number>): Item[] {
  const any = select(
    library.db,
    'SELECT EXISTS (SELECT 1 FROM collection_item WHERE collection_id = ? AND head IS NOT NULL)',
    integer,
  ).one(collection);
  if (any === 0) return [];
  return itemsOf(library, collection).filter((i) => i.head !== null && heads.has(i.head));
}

/**
 * Positions for so many items before another (or at the end). Where there is no room between, all others get new ones.
 * @param moving photos whose own positions do not count.
 */
function placesFor(
  library: Library,
  c: CollectionRow,
  n: number,
  moving: ReadonlySet<number>,
  before: number | undefined,
): { readonly positions: readonly number[]; readonly shifted: CollectionChange } {
  const none: CollectionChange = { collection: c.id, part: 'items', before: [], after: [] };
  if (before === undefined) {
    const end = endOf(library, c.id);
    return { positions: Array.from({ length: n }, (_, i) => end + i * STEP), shifted: none };
  }
  const at = itemOf(library, c.id)(before);
  if (at?.member !== 1)
    throw new CovisError('INPUT_INVALID', `The photo before which they are to come is not in ${c.name}`);
  const previous = select(
    library.db,
    'SELECT photo_id AS photo, position FROM collection_item WHERE collection_id = ? AND position < ? ORDER BY position DESC',
    { columns: { photo: integer, position: integer } },
  );
  let low: number | null = null;
  for (const p of previous.iterate(c.id, at.position))
    if (!moving.has(p.photo)) {
      low = p.position;
      break;
    }
  // Below the first there is always room: positions may be negative.
  const from = low ?? at.position - (n + 1) * STEP;
  const step = Math.floor((at.position - from) / (n + 1));
  if (step >= 1) return { positions: Array.from({ length: n }, (_, i) => from + (i + 1) * step), shifted: none };
  const rest = itemsOf(library, c.id).filter((i) => !moving.has(i.photo));
  const changed: [Item, Item][] = [];
  const positions: number[] = [];
  let position = 0;
  for (const item of rest) {
    if (item.photo === before)
      for (let i = 0; i < n; i += 1) {
        positions.push(position);
        position += STEP;
      }
    if (item.position !== position) changed.push([item, { ...item, position }]);
    position += STEP;
  }
  return { positions, shifted: itemsChange(c.id, changed) };
}

/** Puts items before another, or at the end, in the order given. Photos that are not in are passed over. */
export function movePhotos(
  library: Library,
  collection: string,
  photos: readonly number[],
  before?: number,
): { readonly action: number | null; readonly moved: number } {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    const find = itemOf(library, c.id);
    const items = [...new Set(photos)].flatMap((p) => {
      const item = find(p);
      return item?.member === 1 && p !== before ? [item] : [];
    });
    const { positions, shifted } = placesFor(library, c, items.length, new Set(items.map((i) => i.photo)), before);
    const changed = items.map((item, i): [Item, Item] => [item, { ...item, position: positions[i]! }]);
    const action = act(library, `Move ${photosText(items.length)} of ${c.name}`, [shifted, itemsChange(c.id, changed)]);
    return { action, moved: items.length };
  });
}

/**
 * Folds items under another, and with them what is folded under them; a head that is folded itself stands for itself again.
 * @throws CovisError `INPUT_INVALID` for a head that is not in the collection.
 */
export function foldPhotos(
  library: Library,
  collection: string,
  folds: readonly { readonly head: number; readonly photos: readonly number[] }[],
  label?: string,
): { readonly action: number | null; readonly folded: number } {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    const find = itemOf(library, c.id);
    const was = new Map<number, Item>();
    const under = new Map<number, number | null>();
    const look = (photo: number): Item | undefined => {
      const item = was.get(photo) ?? find(photo);
      if (item !== undefined) was.set(photo, item);
      return item;
    };
    const held = Map.groupBy(
      itemsOf(library, c.id).filter((i) => i.head !== null),
      (i) => i.head!,
    );
    for (const { head, photos } of folds) {
      if (look(head)?.member !== 1)
        throw new CovisError('INPUT_INVALID', `The photo to fold under is not in ${c.name}`);
      if (was.get(head)!.head !== null || under.has(head)) under.set(head, null);
      for (const photo of photos) {
        if (photo === head || look(photo)?.member !== 1) continue;
        under.set(photo, head);
        for (const item of held.get(photo) ?? []) {
          if (item.photo === head) continue;
          was.set(item.photo, item);
          if (!under.has(item.photo)) under.set(item.photo, head);
        }
      }
    }
    const changed = Array.from(under).flatMap(([photo, head]): [Item, Item][] => {
      const item = was.get(photo)!;
      return item.head === head ? [] : [[item, { ...item, head }]];
    });
    const folded = changed.filter(([, is]) => is.head !== null).length;
    const action = act(library, label ?? `Fold ${photosText(folded)} of ${c.name}`, [itemsChange(c.id, changed)]);
    return { action, folded };
  });
}

/** Lets items stand for themselves again; of heads, all that is folded under them. */
export function unfoldPhotos(
  library: Library,
  collection: string,
  photos: readonly number[],
): { readonly action: number | null; readonly unfolded: number } {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    const chosen = new Set(photos);
    const changed = itemsOf(library, c.id)
      .filter((i) => i.head !== null && (chosen.has(i.photo) || chosen.has(i.head)))
      .map((i): [Item, Item] => [i, { ...i, head: null }]);
    const action = act(library, `Unfold ${photosText(changed.length)} of ${c.name}`, [itemsChange(c.id, changed)]);
    return { action, unfolded: changed.length };
  });
}

/** Gives items other fields. @param of what an item has, to what it is to have. */
export function describePhotos(
  library: Library,
  collection: string,
  photos: readonly number[],
  of: (fields: string | null, photo: number) => string | null,
): { readonly action: number | null; readonly changed: number } {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    const find = itemOf(library, c.id);
    const changed = [...new Set(photos)].flatMap((photo): [Item, Item][] => {
      const item = find(photo);
      if (item?.member !== 1) return [];
      const fields = of(item.fields, photo);
      return fields === item.fields ? [] : [[item, { ...item, fields }]];
    });
    const label = `Describe ${photosText(changed.length)} of ${c.name}`;
    return { action: act(library, label, [itemsChange(c.id, changed)]), changed: changed.length };
  });
}

/**
 * Makes the membership what rules say: photos that came are added at the end, those that went are taken out, as one action.
 * @returns how many came and went.
 */
export function applyMembership(
  library: Library,
  collection: string,
  photos: readonly number[],
  label?: string,
): { readonly action: number | null; readonly added: number; readonly removed: number } {
  return durably(library, () => {
    const c = collectionNamed(library, collection);
    const had = new Map(itemsOf(library, c.id).map((i) => [i.photo, i]));
    const wanted = new Set(photos);
    const source = sourceWriter(library)({ how: 'rule', query: null, method: null, network: null });
    let position = endOf(library, c.id);
    let added = 0;
    let removed = 0;
    const changed: [Item | undefined, Item | undefined][] = [];
    for (const photo of wanted) {
      const was = had.get(photo);
      if (was?.member === 1) continue;
      added += 1;
      const fields = was?.fields ?? null;
      changed.push([was, { photo, member: 1, position, head: null, source, score: null, rank: null, fields }]);
      position += STEP;
    }
    for (const was of had.values()) {
      if (was.member !== 1) continue;
      if (!wanted.has(was.photo)) {
        removed += 1;
        // Rules are no judgement: nothing is kept of it, but for what a person wrote.
        changed.push([was, was.fields === null ? undefined : { ...was, member: 0, head: null }]);
      } else if (was.head !== null && !wanted.has(was.head)) changed.push([was, { ...was, head: null }]);
    }
    const said = label ?? `Bring ${c.name} up to date: ${added} added, ${removed} taken out`;
    return { action: act(library, said, [itemsChange(c.id, changed)]), added, removed };
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
