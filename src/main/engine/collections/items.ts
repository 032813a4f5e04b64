/** Items of a collection as rows. */
import { fieldValues, provenance as provenanceSchema } from '../../../shared/facts/collections.ts';
import type { FieldValues, Provenance } from '../../../shared/facts/collections.ts';
import type { PartRow } from '../library/collection-log.ts';
import type { Library } from '../library/library.ts';
import { integer, list, nullable, real, record, select, text } from '../library/rows.ts';

/** A photo of a collection, or one that was judged not to belong (`member` 0). Photos are numbers of the library. */
export interface Item {
  readonly photo: number;
  readonly member: number;
  readonly position: number;
  /** Photo that it is folded under. */
  readonly head: number | null;
  readonly source: number | null;
  readonly score: number | null;
  readonly rank: number | null;
  /** JSON with its fields in order, as {@link fieldsText} writes it; null for none. */
  readonly fields: string | null;
}

export const ITEM = record<Item>({
  photo: integer,
  member: integer,
  position: integer,
  head: nullable(integer),
  source: nullable(integer),
  score: nullable(real),
  rank: nullable(integer),
  fields: nullable(text),
});
export const ITEM_COLUMNS = 'photo_id AS photo, member, position, head, source_id AS source, score, rank, fields';

/** Room between two items, so that others can be put between them. */
export const STEP = 2 ** 20;

/** As the log keeps it. */
export function rowOf(i: Item): PartRow {
  return [i.photo, i.member, i.position, i.head, i.source, i.score, i.rank, i.fields];
}

/** Every item of a collection in its order, those that do not belong, too. */
export function itemsOf(library: Library, collection: number): Item[] {
  return select(
    library.db,
    `SELECT ${ITEM_COLUMNS} FROM collection_item WHERE collection_id = ? ORDER BY position, photo_id`,
    ITEM,
  ).all(collection);
}

/** For many: the item of a photo. */
export function itemOf(library: Library, collection: number): (photo: number) => Item | undefined {
  const one = select(
    library.db,
    `SELECT ${ITEM_COLUMNS} FROM collection_item WHERE collection_id = ? AND photo_id = ?`,
    ITEM,
  );
  return (photo) => one.get(collection, photo);
}

/** Where the next item goes that comes last. */
export function endOf(library: Library, collection: number): number {
  const last = select(
    library.db,
    'SELECT MAX(position) FROM collection_item WHERE collection_id = ?',
    nullable(integer),
  ).one(collection);
  return last === null ? 0 : last + STEP;
}

/**
 * Under which photo each folded item of a collection counts: what is folded under a folded one counts under that one's head, and what is
 * folded under a photo that is not in stands for itself. Of items that are folded in a circle, which only merging can bring about, the
 * first in order stands for itself.
 * @param members items of the collection in their order.
 */
export function effectiveHeads(members: readonly Pick<Item, 'photo' | 'head'>[]): Map<number, number> {
  const head = new Map(members.map((i) => [i.photo, i.head]));
  const out = new Map<number, number>();
  for (const { photo, head: first } of members) {
    if (first === null || !head.has(first)) continue;
    const seen = new Set([photo]);
    let at = first;
    for (
      let next = head.get(at) ?? null;
      next !== null && head.has(next) && !seen.has(at);
      next = head.get(at) ?? null
    ) {
      seen.add(at);
      at = next;
    }
    const circle = seen.has(at);
    const root = circle ? firstOf(members, circleOf(head, at)) : at;
    if (root !== photo) out.set(photo, root);
  }
  return out;
}

function circleOf(head: ReadonlyMap<number, number | null>, start: number): Set<number> {
  const circle = new Set<number>();
  for (let at = start; !circle.has(at); at = head.get(at)!) circle.add(at);
  return circle;
}

function firstOf(members: readonly Pick<Item, 'photo'>[], among: ReadonlySet<number>): number {
  return members.find((i) => among.has(i.photo))!.photo;
}

/** For many: what a photo is called, below its folder: where it is, or was; its content hash where nothing is known. */
export function photoName(library: Library): (photo: number) => string {
  const place = photoPlace(library);
  return (photo) => place(photo).name;
}

/** For many: what a photo is called as {@link photoName} says, and the name of the scene whose folder that is in. */
export function photoPlace(library: Library): (photo: number) => { readonly name: string; readonly folder: string } {
  // The view is searched by a photo only where that is a value of its own, not one of an outer query.
  const known = select(
    library.db,
    `SELECT f.name, s.name FROM known_file f JOIN scene s ON s.id = f.scene_id WHERE f.photo_id = ? ORDER BY f.name, s.name LIMIT 1`,
    list(text, text),
  );
  const hash = select(library.db, 'SELECT hash FROM photo WHERE id = ?', text);
  return (photo) => {
    const [name, folder] = known.get(photo) ?? [hash.one(photo), ''];
    return { name, folder };
  };
}

/** Fields as text, the same for the same values whatever the order in which they were said; null for none. */
export function fieldsText(fields: FieldValues): string | null {
  const names = Object.keys(fields).sort();
  if (names.length === 0) return null;
  return JSON.stringify(Object.fromEntries(names.map((n) => [n, fields[n]])));
}

/** What {@link fieldsText} wrote. @throws ZodError for a damaged row. */
export function fieldsOf(text: string | null): FieldValues {
  return text === null ? {} : fieldValues.parse(JSON.parse(text));
}

/** For many: the number of what items came from, made where it is not there. Runs inside a transaction. */
export function sourceWriter(
  library: Library,
): (p: Pick<Provenance, 'how' | 'query' | 'method' | 'network'>) => number {
  const insert = library.db.prepare(
    'INSERT OR IGNORE INTO collection_source (how, query, method, network) VALUES (?, ?, ?, ?)',
  );
  const find = select(
    library.db,
    `SELECT id FROM collection_source
     WHERE how = ? AND COALESCE(query, '') = ? AND COALESCE(method, '') = ? AND COALESCE(network, '') = ?`,
    integer,
  );
  const known = new Map<string, number>();
  return ({ how, query, method, network }) => {
    const key = JSON.stringify([how, query, method, network]);
    let id = known.get(key);
    if (id === undefined) {
      insert.run(how, query, method, network);
      known.set(key, (id = find.one(how, query ?? '', method ?? '', network ?? '')));
    }
    return id;
  };
}

/** For many: provenance by source, score and rank; null where nothing was noted. */
export function provenanceReader(
  library: Library,
): (i: {
  readonly source: number | null;
  readonly score: number | null;
  readonly rank: number | null;
}) => Provenance | null {
  const find = select(
    library.db,
    'SELECT how, query, method, network FROM collection_source WHERE id = ?',
    list(text, nullable(text), nullable(text), nullable(text)),
  );
  const known = new Map<number, Omit<Provenance, 'score' | 'rank'>>();
  return ({ source, score, rank }) => {
    if (source === null) return null;
    let from = known.get(source);
    if (from === undefined) {
      const [how, query, method, network] = find.one(source);
      known.set(source, (from = { how: provenanceSchema.shape.how.parse(how), query, method, network }));
    }
    return { ...from, score, rank };
  };
}
