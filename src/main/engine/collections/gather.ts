/** Photos that come into a collection, go out of it and change places in it. */
import { CovisError } from '../../../shared/errors.ts';
import type { Provenance } from '../../../shared/facts/collections.ts';
import type { CollectionChange } from '../library/collection-log.ts';
import type { Library } from '../library/library.ts';
import { integer, select } from '../library/rows.ts';
import { collectionNamed, type CollectionRow } from '../library/tables/collection.ts';
import { durably } from '../mining/action-log.ts';
import { act, itemsChange, photosText } from './acts.ts';
import { createCollection } from './store.ts';
import { endOf, itemOf, itemsOf, sourceWriter, STEP, type Item } from './items.ts';

/** A photo to be added. Photos are numbers of the library. */
export interface Addition {
  readonly photo: number;
  readonly score?: number | null | undefined;
  /** From 1. */
  readonly rank?: number | null | undefined;
  /** What it came from, where that is another than of those beside it. */
  readonly from?: From | undefined;
}

/** What photos came from. */
export interface From {
  readonly how: Provenance['how'];
  readonly query?: string | null | undefined;
  readonly method?: string | null | undefined;
  readonly network?: string | null | undefined;
}

/** Numbers of what additions came from. Runs inside a transaction. */
function sourcesOf(library: Library, otherwise: From): (a: Addition) => number {
  const write = sourceWriter(library);
  const known = new Map<From, number>();
  return ({ from = otherwise }) => {
    let source = known.get(from);
    if (source === undefined) {
      const { how, query = null, method = null, network = null } = from;
      known.set(from, (source = write({ how, query, method, network })));
    }
    return source;
  };
}

/** Makes a collection with photos in it, in their order, as one action. @throws CovisError as `freeName`. */
export function createWith(
  library: Library,
  name: string,
  additions: readonly Addition[],
  from: From = { how: 'hand' },
): { readonly action: number; readonly collection: CollectionRow } {
  return durably(library, () => {
    const source = sourcesOf(library, from);
    const once = new Map(additions.map((a) => [a.photo, a]));
    const items = Array.from(once.values(), (a, i) => newItem(a, i * STEP, source(a)));
    return createCollection(library, name, { items }, (n) => `Create ${n} with ${photosText(items.length)}`);
  });
}

function newItem({ photo, score = null, rank = null }: Addition, position: number, source: number, was?: Item): Item {
  return { photo, member: 1, position, head: null, source, score, rank, fields: was?.fields ?? null };
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
    const source = sourcesOf(library, from);
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
        Array.from(fresh.values(), (a, i): [Item | undefined, Item] => {
          const was = had.get(a.photo);
          return [was, newItem(a, positions[i]!, source(a), was)];
        }),
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
