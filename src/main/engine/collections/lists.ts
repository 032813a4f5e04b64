/** Photos in an order that pages read by position: of a collection, of a version, of the library, or any that were found. */
import { randomInt } from 'node:crypto';
import { CovisError } from '../../../shared/errors.ts';
import type { ListedPhoto } from '../../../shared/facts/collections.ts';
import type { PHOTO_SORTS, PhotoFilterParams } from '../../../shared/routes/collections.ts';
import type { Library } from '../library/library.ts';
import { stateOf } from '../library/memo.ts';
import { WITHIN_BOX } from '../library/when-and-where.ts';
import { flag, integer, list as cells, nullable, real, record, select, text } from '../library/rows.ts';
import { collectionNamed, versionCalled } from '../library/tables/collection.ts';
import { idByHash } from '../library/tables/photo.ts';
import type { Addition } from './gather.ts';
import { fieldsOf, photoPlace, provenanceReader } from './items.ts';

const LISTS_KEPT = 32;

/** What is asked to be put in order. */
export interface ListQuery {
  /** Null for the library. */
  readonly collection: string | null;
  readonly version?: number | undefined;
  readonly filter: PhotoFilterParams;
  readonly sort: (typeof PHOTO_SORTS)[number];
  readonly descending: boolean;
}

/** Photos of a list that a person chose, as routes say it. */
export interface Chosen {
  readonly photos?: readonly string[] | undefined;
  readonly list?: string | undefined;
  readonly ranges?: readonly (readonly [number, number])[] | undefined;
  readonly except?: readonly string[] | undefined;
}

/** How a photo of a list was come by. */
export type Came = Omit<Addition, 'photo'>;

interface KeptList {
  readonly photos: Uint32Array;
  /** What it answers, and in which state of the library; of one whose photos were said, nothing. */
  readonly answers?: string | undefined;
  readonly collection: number | undefined;
  readonly version: number | undefined;
  /** Of one whose photos were said: how each was come by. */
  readonly came?: Map<number, Came> | undefined;
}

function numberOf(byHash: ReturnType<typeof idByHash>, hash: string): number {
  const id = byHash.get(hash);
  if (id === undefined) throw new CovisError('NOT_FOUND', `The library has no photo ${hash}`);
  return id;
}

/** A list of a version with how many items are folded under each, which never changes. */
const foldsOfVersions = new WeakMap<KeptList, ReadonlyMap<number, number>>();

/** Of photos in no collection the order is that in which they came. */
const ORDER = 'COALESCE(l.position, p.id)';
const SORTS: Record<ListQuery['sort'], string> = {
  order: ORDER,
  name: '(SELECT MIN(k.name) FROM known_file k WHERE k.photo_id = p.id)',
  taken: 'p.taken',
  pixels: 'p.width * p.height',
  score: 'l.score',
};

/** Photos `p` and what a collection says of each, `l`. */
const FROM = {
  library: 'photo p JOIN (SELECT NULL AS head, NULL AS score, NULL AS fields, NULL AS position) l',
  now: `(SELECT photo_id, position, head, score, fields FROM collection_item WHERE collection_id = :collection AND member = 1) l
      JOIN photo p ON p.id = l.photo_id`,
  version: `(SELECT v.photo_id, v.item AS position, (SELECT h.photo_id FROM version_item h WHERE h.version_id = v.version_id AND h.item = v.head)
      AS head, v.score, v.fields FROM version_item v WHERE v.version_id = :version AND v.photo_id IS NOT NULL) l JOIN photo p ON p.id = l.photo_id`,
};

const MEMBER = (of: string): string =>
  `EXISTS (SELECT 1 FROM collection_item m JOIN collection c ON c.id = m.collection_id
     WHERE m.photo_id = p.id AND m.member = 1 AND c.hidden = 0${of})`;

/** Conditions of a filter in SQL, with the values that they name. */
function conditions(library: Library, f: PhotoFilterParams): { sql: string; values: Record<string, unknown> } {
  const parts: string[] = [];
  const values: Record<string, unknown> = {};
  const add = (sql: string, more: Record<string, unknown> = {}): void => {
    parts.push(sql);
    Object.assign(values, more);
  };
  const numberOf = (uid: string): number => collectionNamed(library, uid).id;
  if (f.text !== undefined)
    add('p.id IN (SELECT photo_id FROM known_file WHERE instr(lower(name), lower(:text)) > 0)', {
      text: f.text,
    });
  if (f.cluster !== undefined)
    add('p.id IN (SELECT v.photo_id FROM view v JOIN cluster c ON c.id = v.cluster_id WHERE c.uid = :cluster)', {
      cluster: f.cluster,
    });
  if (f.scene !== undefined)
    add('p.id IN (SELECT k.photo_id FROM known_file k JOIN scene s ON s.id = k.scene_id WHERE s.name = :scene)', {
      scene: f.scene,
    });
  if (f.inNone !== undefined) add(`${f.inNone ? 'NOT ' : ''}${MEMBER('')}`);
  if (f.in !== undefined) add(MEMBER(' AND c.id = :in'), { in: numberOf(f.in) });
  if (f.notIn !== undefined) add(`NOT ${MEMBER(' AND c.id = :notIn')}`, { notIn: numberOf(f.notIn) });
  if (f.heads === true) add('l.head IS NULL');
  // Looked up in a set: with EXISTS photos are gone through in the order of their hashes, which takes five times as long.
  if (f.gone !== undefined) add(`p.id ${f.gone ? 'NOT ' : ''}IN (SELECT photo_id FROM photo_file)`);
  if (f.taken !== undefined)
    add('p.taken >= :takenFrom AND p.taken < :takenTo', { takenFrom: f.taken.from, takenTo: f.taken.to });
  if (f.box !== undefined) add(WITHIN_BOX, { ...f.box });
  if (f.folded !== undefined)
    add(`${f.folded ? '' : 'NOT '}EXISTS (SELECT 1 FROM folded_photo o WHERE o.photo_id = p.id)`);
  if (f.foldOf !== undefined) {
    const head = idByHash(library).get(f.foldOf) ?? -1;
    add('(l.head = :foldOf OR p.id = :foldOf)', { foldOf: head });
  }
  if (f.photos !== undefined)
    add('p.hash IN (SELECT value FROM json_each(:photos))', { photos: JSON.stringify(f.photos) });
  if (f.field !== undefined) {
    const { name, value } = f.field;
    add(
      `EXISTS (SELECT 1 FROM json_each(l.fields) j WHERE j.key = :field${value === undefined ? '' : ' AND EXISTS (SELECT 1 FROM json_each(j.value) v WHERE v.value = :value)'})`,
      { field: name, ...(value === undefined ? {} : { value }) },
    );
  }
  return { sql: parts.map((p) => ` AND ${p}`).join(''), values };
}

/** Lists that pages have open. */
export class PhotoLists {
  readonly #library: Library;
  readonly #lists = new Map<string, KeptList>();
  /** From anywhere: a name that an engine gave before it was started anew is none of another list now. */
  #opened = 1000 * randomInt(2 ** 38);

  constructor(library: Library) {
    this.#library = library;
  }

  /** Puts photos in order, once for as long as nothing is written. @throws CovisError `NOT_FOUND`. */
  open(q: ListQuery): { readonly list: string; readonly total: number } {
    const { db } = this.#library;
    const answers = `${stateOf(this.#library)} ${JSON.stringify([q.collection, q.version, q.sort, q.descending, q.filter])}`;
    for (const [list, kept] of this.#lists)
      if (kept.answers === answers) return { list, total: this.#kept(list).photos.length };
    const collection = q.collection === null ? undefined : collectionNamed(this.#library, q.collection);
    const version =
      collection === undefined || q.version === undefined
        ? undefined
        : versionCalled(this.#library, collection, String(q.version));
    const from = collection === undefined ? 'library' : version === undefined ? 'now' : 'version';
    const { sql, values } = conditions(this.#library, q.filter);
    // Photos without what they are sorted by come last either way.
    const key = SORTS[q.sort];
    const ids = select(
      db,
      `SELECT p.id FROM ${FROM[from]} WHERE 1 = 1${sql}
       ORDER BY ${key} ${q.descending ? 'DESC' : ''} NULLS LAST, ${ORDER}, p.id`,
      integer,
      'first',
    ).all({
      ...values,
      ...(from === 'now' ? { collection: collection!.id } : {}),
      ...(from === 'version' ? { version: version!.id } : {}),
    });
    return this.#keep({ photos: Uint32Array.from(ids), collection: collection?.id, version: version?.id, answers });
  }

  /** Opens a list of photos that were found otherwise, in their order. @param photos numbers of the library. */
  put(photos: Iterable<number>, collection?: string): { readonly list: string; readonly total: number } {
    const of = collection === undefined ? undefined : collectionNamed(this.#library, collection).id;
    return this.#keep({ photos: Uint32Array.from(photos), collection: of, version: undefined });
  }

  /**
   * Begins a list of photos that are said in parts, or goes on with one.
   * @param from what each came from, beside the photos. @throws CovisError `NOT_FOUND`, `INPUT_INVALID` for a list that was not begun so.
   */
  gather(
    photos: readonly string[],
    came: readonly Came[],
    list?: string,
  ): { readonly list: string; readonly total: number } {
    const byHash = idByHash(this.#library);
    const numbers = Uint32Array.from(photos, (hash) => numberOf(byHash, hash));
    const kept = list === undefined ? undefined : this.#kept(list);
    if (list === undefined || kept === undefined)
      return this.#keep({
        photos: numbers,
        collection: undefined,
        version: undefined,
        came: new Map(came.map((c, i) => [numbers[i]!, c])),
      });
    if (kept.came === undefined) throw new CovisError('INPUT_INVALID', 'This list of photos is not one that grows');
    const grown = new Uint32Array(kept.photos.length + numbers.length);
    grown.set(kept.photos);
    grown.set(numbers, kept.photos.length);
    came.forEach((c, i) => kept.came!.set(numbers[i]!, c));
    this.#lists.set(list, { ...kept, photos: grown });
    return { list, total: grown.length };
  }

  /** How each photo of a list was come by, where that was said with them. @throws CovisError `NOT_FOUND`. */
  cameBy(list: string): ReadonlyMap<number, Came> | undefined {
    return this.#kept(list).came;
  }

  /** Photos of a list from a position on, with what the list's collection says of them. @throws CovisError `NOT_FOUND`. */
  page(list: string, from: number, limit: number): ListedPhoto[] {
    const kept = this.#kept(list);
    const describe = this.#describer(kept);
    return Array.from(kept.photos.subarray(from, from + limit), (photo, i) => describe(photo, from + i));
  }

  /** Content hashes of a list from a position on. */
  ids(list: string, from: number, limit: number): string[] {
    const hash = select(this.#library.db, 'SELECT hash FROM photo WHERE id = ?', text);
    return Array.from(this.#kept(list).photos.subarray(from, from + limit), (photo) => hash.one(photo));
  }

  /** Numbers of the photos that were chosen, each once, in their order. @throws CovisError `NOT_FOUND`, `INPUT_INVALID`. */
  chosen({ photos, list, ranges, except }: Chosen): number[] {
    if ((photos === undefined) === (list === undefined))
      throw new CovisError('INPUT_INVALID', 'Photos are named one by one, or as a list: say one of both');
    const byHash = idByHash(this.#library);
    const number = (hash: string): number => numberOf(byHash, hash);
    const without = new Set((except ?? []).map(number));
    const all =
      photos !== undefined
        ? photos.map(number)
        : ranges === undefined
          ? Array.from(this.#kept(list!).photos)
          : ranges.flatMap(([from, to]) => Array.from(this.#kept(list!).photos.subarray(from, to)));
    return [...new Set(all)].filter((id) => !without.has(id));
  }

  #keep(kept: KeptList): { readonly list: string; readonly total: number } {
    this.#opened += 1;
    const list = `p${this.#opened}`;
    this.#lists.set(list, kept);
    for (const name of this.#lists.keys()) {
      if (this.#lists.size <= LISTS_KEPT) break;
      this.#lists.delete(name);
    }
    return { list, total: kept.photos.length };
  }

  #kept(name: string): KeptList {
    const kept = this.#lists.get(name);
    if (kept === undefined)
      throw new CovisError('NOT_FOUND', 'This list of photos is no longer open', { hint: 'Open it again.' });
    // The newest are those that were used last.
    this.#lists.delete(name);
    this.#lists.set(name, kept);
    return kept;
  }

  #describer(kept: KeptList): (photo: number, at: number) => ListedPhoto {
    const { db } = this.#library;
    const photo = select(
      db,
      `SELECT p.hash, p.width, p.height, NOT EXISTS (SELECT 1 FROM photo_file x WHERE x.photo_id = p.id) AS gone
       FROM photo p WHERE p.id = ?`,
      record({ hash: text, width: integer, height: integer, gone: flag }),
    );
    const item = this.#itemReader(kept);
    const provenance = provenanceReader(this.#library);
    const place = photoPlace(this.#library);
    return (id, at) => {
      const { hash, width, height, gone } = photo.one(id);
      const own = item?.(id);
      return {
        at,
        photo: hash,
        ...place(id),
        width,
        height,
        gone,
        foldedUnder: own?.head ?? null,
        folds: own?.folds ?? 0,
        fields: fieldsOf(own?.fields ?? null),
        provenance: own === undefined ? null : provenance(own),
      };
    };
  }

  #itemReader(kept: KeptList): ((photo: number) => ListedItem | undefined) | undefined {
    const { collection, version } = kept;
    if (collection === undefined) return undefined;
    const { db } = this.#library;
    const of = version ?? collection;
    const one = select(
      db,
      version === undefined
        ? `SELECT (SELECT h.hash FROM photo h WHERE h.id = i.head), i.source_id, i.score, i.rank, i.fields
           FROM collection_item i WHERE i.collection_id = ? AND i.photo_id = ? AND i.member = 1`
        : `SELECT (SELECT h.hash FROM version_item o JOIN photo h ON h.id = o.photo_id WHERE o.version_id = i.version_id AND o.item = i.head),
             i.source_id, i.score, i.rank, i.fields FROM version_item i WHERE i.version_id = ? AND i.photo_id = ?`,
      cells(nullable(text), nullable(integer), nullable(real), nullable(integer), nullable(text)),
    );
    const folds = this.#folds(kept);
    return (photo) => {
      const found = one.get(of, photo);
      if (found === undefined) return undefined;
      const [head, source, score, rank, fields] = found;
      return { head, source, score, rank, fields, folds: folds.get(photo) ?? 0 };
    };
  }

  /** How many items are folded under each photo that is a head. */
  #folds(kept: KeptList): ReadonlyMap<number, number> {
    const { db } = this.#library;
    const { collection, version } = kept;
    if (version === undefined)
      return new Map(
        select(
          db,
          'SELECT head, COUNT(*) FROM collection_item WHERE collection_id = ? AND head IS NOT NULL AND member = 1 GROUP BY head',
          cells(integer, integer),
        ).all(collection),
      );
    let known = foldsOfVersions.get(kept);
    if (known === undefined) {
      known = new Map(
        select(
          db,
          `SELECT h.photo_id, COUNT(*) FROM version_item i JOIN version_item h ON h.version_id = i.version_id AND h.item = i.head
           WHERE i.version_id = ? AND i.head IS NOT NULL AND h.photo_id IS NOT NULL GROUP BY h.photo_id`,
          cells(integer, integer),
        ).all(version),
      );
      foldsOfVersions.set(kept, known);
    }
    return known;
  }
}

interface ListedItem {
  readonly head: string | null;
  readonly source: number | null;
  readonly score: number | null;
  readonly rank: number | null;
  readonly fields: string | null;
  readonly folds: number;
}

const open = new WeakMap<Library, PhotoLists>();

/** The lists of a library that is open here. */
export function photoLists(library: Library): PhotoLists {
  let lists = open.get(library);
  if (lists === undefined) open.set(library, (lists = new PhotoLists(library)));
  return lists;
}

/** Collections that each of some photos is in, in the order asked. @param photos content hashes; unknown ones are in none. */
export function membershipOf(library: Library, photos: readonly string[]): string[][] {
  const of = select(
    library.db,
    `SELECT c.uid FROM photo p JOIN collection_item m ON m.photo_id = p.id AND m.member = 1
     JOIN collection c ON c.id = m.collection_id AND c.hidden = 0 WHERE p.hash = ? ORDER BY c.id`,
    text,
  );
  return photos.map((p) => of.all(p));
}
