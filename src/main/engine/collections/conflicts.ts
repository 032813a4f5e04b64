/** What curators say differently of one thing, until a person judges it. */
import { z } from 'zod';
import type { CollectionConflict } from '../../../shared/facts/collections.ts';
import { contentHash } from '../library/hash-file.ts';
import type { Library } from '../library/library.ts';
import { json, record, select, text } from '../library/rows.ts';
import { collectionNamed } from '../library/tables/collection.ts';
import { idByHash } from '../library/tables/photo.ts';
import { photoPlace } from './items.ts';

/** Something that can be said of a photo, or of the collection: true or false of `member`, a SHA-256 of `folded`, values of a field; or null. */
export type Value = boolean | string | readonly string[] | null;
/** A {@link Value} as it is kept. */
export const proposedValue = z.union([z.boolean(), z.string(), z.array(z.string()), z.null()]);
const proposals = z.array(z.object({ value: proposedValue, authors: z.array(z.string()) }));
export type Proposals = z.output<typeof proposals>;

/** What several say differently of one thing. */
export interface Conflict {
  /** SHA-256; empty for the collection. */
  readonly photo: string;
  readonly aspect: string;
  readonly base: Value;
  readonly proposals: Proposals;
}

const CONFLICT = record<Conflict>({ photo: text, aspect: text, base: json(proposedValue), proposals: json(proposals) });
const COLUMNS = 'SELECT photo, aspect, base, proposals FROM collection_conflict WHERE collection_id = ?';

/** Conflicts of a collection in their order, from a position on. */
export function conflictsOf(library: Library, collection: number, at = 0, limit = -1): Conflict[] {
  return select(library.db, `${COLUMNS} ORDER BY photo, aspect LIMIT ? OFFSET ?`, CONFLICT).all(collection, limit, at);
}

/** The conflict of one thing; undefined where there is none. */
export function conflictOf(library: Library, collection: number, photo: string, aspect: string): Conflict | undefined {
  return select(library.db, `${COLUMNS} AND photo = ? AND aspect = ?`, CONFLICT).get(collection, photo, aspect);
}

/** Characters of conflicts that go into one message of a page, of which one at least is told. */
const MOST_OF_A_PAGE = 1_000_000;

/** Conflicts that wait to be judged: all, or from a position on as many as a message takes. */
export function listConflicts(
  library: Library,
  wanted: string,
  page?: { readonly at: number; readonly limit: number },
): CollectionConflict[] {
  const c = collectionNamed(library, wanted);
  const byHash = idByHash(library);
  const place = photoPlace(library);
  const path = select(
    library.db,
    `SELECT path FROM version_item i JOIN collection_version v ON v.id = i.version_id
     WHERE v.collection_id = ? AND i.sha256 = ? LIMIT 1`,
    text,
  );
  /** A photo by its SHA-256; of one that is not here the name that a version has of it. */
  const known = (sha256: string): { photo: string | null; name: string; folder: string } => {
    const hash = contentHash(sha256);
    const id = byHash.get(hash);
    if (id !== undefined) return { photo: hash, ...place(id) };
    const named = path.get(c.id, Buffer.from(sha256, 'hex'));
    return {
      photo: null,
      name: named?.split('/').at(-1) ?? `${sha256.slice(0, 12)}…, not in this library`,
      folder: '',
    };
  };
  const out: CollectionConflict[] = [];
  let size = 0;
  for (const x of conflictsOf(library, c.id, page?.at, page?.limit)) {
    const heads =
      x.aspect === 'folded'
        ? [...new Set([x.base, ...x.proposals.map((p) => p.value)])].filter((v) => typeof v === 'string')
        : [];
    const conflict = {
      ...(x.photo === '' ? { photo: null, name: c.name, folder: '' } : known(x.photo)),
      sha256: x.photo === '' ? null : x.photo,
      aspect: x.aspect,
      base: x.base,
      proposals: x.proposals.map((p) => ({ author: p.authors.join(', '), value: p.value })),
      heads: heads.map((sha256) => {
        const { photo, name } = known(sha256);
        return { sha256, photo, name };
      }),
    };
    size += JSON.stringify(conflict).length;
    if (page !== undefined && out.length > 0 && size > MOST_OF_A_PAGE) break;
    out.push(conflict);
  }
  return out;
}
