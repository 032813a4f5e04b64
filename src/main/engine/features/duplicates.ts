import { createHash } from 'node:crypto';
import type { DuplicateGroup } from '../../../shared/domain.ts';
import { FOLD_BITS } from '../../../shared/facts/collection-choices.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { groupLooks, lookOf } from '../library/looks.ts';
import { stateOf } from '../library/memo.ts';
import { eachPhoto } from './each-photo.ts';
import { integer, list, record, select, text } from '../library/rows.ts';

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

/** Photos of each group, by number, the largest first. */
type Groups = readonly (readonly number[])[];

/** What groups come of: how photos look, and which of them have several files. */
interface Seen {
  readonly ids: readonly number[];
  readonly looks: readonly string[];
  readonly several: readonly number[];
}

function seenIn({ db }: Library): Seen {
  const looked = select(
    db,
    'SELECT id, look FROM photo WHERE look IS NOT NULL AND id IN (SELECT photo_id FROM photo_file) ORDER BY id',
    list(integer, text),
    'first',
  ).all();
  const several = 'SELECT photo_id FROM photo_file GROUP BY photo_id HAVING COUNT(*) > 1 ORDER BY photo_id';
  return {
    ids: looked.map(([id]) => id),
    looks: looked.map(([, look]) => look),
    several: select(db, several, integer).all(),
  };
}

/** Photos that look the same, then photos with several files that look like no other. */
function partsOf({ ids, looks, several }: Seen, bits: number): Groups {
  const near = groupLooks(looks, bits).map((g) => g.map((i) => ids[i]!));
  const inGroup = new Set(near.flat());
  return [...near, ...several.filter((id) => !inGroup.has(id)).map((id) => [id])];
}

/** The largest is the one to keep. */
function largestFirst({ db }: Library, groups: Groups): Groups {
  const size = select(db, 'SELECT width * height, bytes FROM photo WHERE id = ?', list(integer, integer));
  return groups.map((g) =>
    g.length === 1
      ? g
      : g
          .map((id) => [id, ...size.one(id)] as const)
          .sort((a, b) => b[1] - a[1] || b[2] - a[2])
          .map(([id]) => id),
  );
}

/** Says the same of what gives the same groups. */
function keyOf({ ids, looks, several }: Seen, bits: number): string {
  const hash = createHash('sha256').update(JSON.stringify([bits, several]));
  return hash.update(Float64Array.from(ids)).update(looks.join(' ')).digest('base64');
}

/** What was found last, in which state of the library, and of what: most of what is written to one does not change how photos look. */
const found = new WeakMap<
  Library,
  { readonly state: string; readonly key: string; readonly parts: Groups; readonly groups: Groups }
>();

function groupsAt(library: Library, bits: number): Groups {
  const state = `${bits} ${stateOf(library)}`;
  const known = found.get(library);
  if (known?.state === state) return known.groups;
  const seen = seenIn(library);
  const key = keyOf(seen, bits);
  const parts = known?.key === key ? known.parts : partsOf(seen, bits);
  const groups = largestFirst(library, parts);
  found.set(library, { state, key, parts, groups });
  return groups;
}

/** Finds the groups that a page asks for first, before it does. */
export function duplicatesAhead(library: Library): void {
  groupsAt(library, DUPLICATE_BITS);
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
  return groups.filter((g) => g.reduce((n, id) => n + (folded.has(id) ? 0 : 1), 0) > 1);
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

function described({ db }: Library, groups: Groups): DuplicateGroup[] {
  const photoOf = select(
    db,
    `SELECT p.hash AS photo, p.width, p.height, p.bytes, COUNT(f.name) AS files, MIN(f.name) AS name
     FROM photo p JOIN photo_file f ON f.photo_id = p.id WHERE p.id = ? GROUP BY p.id`,
    record({ photo: text, width: integer, height: integer, bytes: integer, files: integer, name: text }),
  );
  const namesOf = select(db, 'SELECT f.name FROM photo_file f WHERE f.photo_id = ? ORDER BY f.name LIMIT 20', text);
  const headOf = select(
    db,
    'SELECT h.hash FROM folded_photo o JOIN photo h ON h.id = o.head_id WHERE o.photo_id = ?',
    text,
  );
  return groups.map((group) => ({
    photos: group.map((id) => {
      const { files, ...photo } = photoOf.one(id);
      return { ...photo, files: files > 1 ? namesOf.all(id) : [photo.name], ...withHead(headOf.get(id)) };
    }),
  }));
}

/** All groups of {@link duplicatePage}, found anew. */
export function duplicateGroups(library: Library, bits = DUPLICATE_BITS): DuplicateGroup[] {
  return described(library, largestFirst(library, partsOf(seenIn(library), bits)));
}

/** Content hashes of near duplicates in the order of their groups: all, the largest of each group, or the others. */
export function duplicateIds(library: Library, o: Near, which: 'all' | 'best' | 'others'): string[] {
  const part = { all: [0], best: [0, 1], others: [1] }[which];
  const hash = select(library.db, 'SELECT hash FROM photo WHERE id = ?', text);
  return asked(library, o).flatMap((g) => g.slice(...part).map((id) => hash.one(id)));
}
