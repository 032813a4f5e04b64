import type { DuplicateGroup } from '../../../shared/domain.ts';
import { FOLD_BITS } from '../../../shared/facts/collection-choices.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { groupLooks, lookOf } from '../library/looks.ts';
import { eachPhoto } from './each-photo.ts';
import { integer, list, nullable, record, select, text } from '../library/rows.ts';

/** Bits in which near duplicates may differ, of 64. */
export const DUPLICATE_BITS = FOLD_BITS;

/** Computes the perceptual hash of photos that lack one; what is done stays. @returns how many were new. */
export function computeLooks(library: Library, task: TaskContext): Promise<number> {
  const missing = select(library.db, 'SELECT id FROM present_photo WHERE look IS NULL ORDER BY id', integer).all();
  const update = library.db.prepare('UPDATE photo SET look = ? WHERE id = ?');
  return eachPhoto(
    library,
    missing,
    {
      step: 'Looking for near duplicates',
      compute: lookOf,
      write: (photo, look) => void update.run(look, photo),
    },
    task,
  );
}

/** One photo of a group, as it is kept until a page looks at it. */
interface Member {
  readonly id: number;
  readonly photo: string;
  readonly look: string | null;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly files: number;
  readonly name: string;
}

type Groups = readonly (readonly Member[])[];

/** The largest of each group first. */
function findGroups(library: Library, bits: number): Groups {
  const rows = select(
    library.db,
    `SELECT p.id, p.hash AS photo, p.look, p.width, p.height, p.bytes, COUNT(f.name) AS files, MIN(f.name) AS name
     FROM photo p JOIN photo_file f ON f.photo_id = p.id GROUP BY p.id ORDER BY p.id`,
    record<Member>({
      id: integer,
      photo: text,
      look: nullable(text),
      width: integer,
      height: integer,
      bytes: integer,
      files: integer,
      name: text,
    }),
    'first',
  ).all();
  const looked = rows.filter((r) => r.look !== null);
  const near = groupLooks(
    looked.map((r) => r.look!),
    bits,
  ).map((g) => g.map((i) => looked[i]!));
  const inGroup = new Set(near.flat().map((r) => r.photo));
  const exact = rows.filter((r) => r.files > 1 && !inGroup.has(r.photo)).map((r) => [r]);
  // The largest is the one to keep.
  return [...near, ...exact].map((g) =>
    g.toSorted((a, b) => b.width * b.height - a.width * a.height || b.bytes - a.bytes),
  );
}

/** The groups that were found last for a page, as long as nothing that they come of has changed. */
const found = new WeakMap<Library, { readonly key: string; readonly groups: Groups }>();

function groupsAt(library: Library, bits: number): Groups {
  const { db } = library;
  // Looks are computed by jobs, whose connections count up the version of the data; this one writes files of photos at most.
  const version = select(db, 'SELECT data_version FROM pragma_data_version', integer).one();
  const [files, sum, looks] = select(
    db,
    'SELECT COUNT(*), CAST(TOTAL(photo_id) AS INTEGER), (SELECT COUNT(look) FROM photo) FROM photo_file',
    list(integer, integer, integer),
  ).one();
  const key = [bits, version, files, sum, looks].join(' ');
  const known = found.get(library);
  if (known?.key === key) return known.groups;
  const groups = findGroups(library, bits);
  found.set(library, { key, groups });
  return groups;
}

/** What is asked of near duplicates: bits in which perceptual hashes may differ, of 64; only groups with several photos not folded. */
interface Near {
  readonly bits: number;
  readonly open: boolean;
}

function asked(library: Library, { bits, open }: Near): Groups {
  const groups = groupsAt(library, bits);
  if (!open) return groups;
  const folded = new Set(select(library.db, 'SELECT photo_id FROM folded_photo', integer).all());
  return groups.filter((g) => g.reduce((n, p) => n + (folded.has(p.id) ? 0 : 1), 0) > 1);
}

/**
 * Photos that are there more than once, files of the same content and photos that look the same: how many groups, and those from a
 * position on.
 */
export function duplicatePage(
  library: Library,
  o: Near & { readonly from: number; readonly limit: number },
): { readonly total: number; readonly all: number; readonly photos: number; readonly groups: DuplicateGroup[] } {
  const groups = asked(library, o);
  return {
    total: groups.length,
    all: groupsAt(library, o.bits).length,
    photos: groups.reduce((n, g) => n + g.length, 0),
    groups: described(library, groups.slice(o.from, o.from + o.limit)),
  };
}

const withHead = (under: string | undefined): { readonly under?: string } => (under === undefined ? {} : { under });

function described(library: Library, groups: Groups): DuplicateGroup[] {
  const namesOf = select(
    library.db,
    'SELECT f.name FROM photo_file f WHERE f.photo_id = ? ORDER BY f.name LIMIT 20',
    text,
  );
  const headOf = select(
    library.db,
    'SELECT h.hash FROM folded_photo o JOIN photo h ON h.id = o.head_id WHERE o.photo_id = ?',
    text,
  );
  return groups.map((group) => ({
    photos: group.map((r) => ({
      photo: r.photo,
      name: r.name,
      files: r.files > 1 ? namesOf.all(r.id) : [r.name],
      width: r.width,
      height: r.height,
      bytes: r.bytes,
      ...withHead(headOf.get(r.id)),
    })),
  }));
}

/** All groups of {@link duplicatePage}, found anew. */
export function duplicateGroups(library: Library, bits = DUPLICATE_BITS): DuplicateGroup[] {
  return described(library, findGroups(library, bits));
}

/** Content hashes of near duplicates in the order of their groups: all, the largest of each group, or the others. */
export function duplicateIds(library: Library, o: Near, which: 'all' | 'best' | 'others'): string[] {
  const part = { all: [0], best: [0, 1], others: [1] }[which];
  return asked(library, o).flatMap((g) => g.slice(...part).map((p) => p.photo));
}
