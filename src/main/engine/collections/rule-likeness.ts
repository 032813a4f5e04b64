import { CovisError } from '../../../shared/errors.ts';
import type { Exemplars, LikeRule } from '../../../shared/facts/collection-rules.ts';
import type { Library } from '../library/library.ts';
import { integer, list, select } from '../library/rows.ts';
import { collectionNamed } from '../library/tables/collection.ts';
import { idByHash } from '../library/tables/photo.ts';
import { topByScore } from '../retrieval/rank.ts';
import { calibration, likeness } from './exemplars.ts';
import type { RuleContext } from './rule-context.ts';
import { setInMemory, type SetInMemory } from './set-memory.ts';

/** Exemplars as numbers of the library. */
export interface FoundExemplars {
  readonly positive: readonly number[];
  readonly negative: readonly number[];
  /** Content hashes that the library does not know. */
  readonly unknown: readonly string[];
}

/**
 * Who the exemplars are: named one by one, or a collection's photos that no rule and no choice of n brought in, and those that were judged
 * not to belong to it.
 */
export function exemplarPhotos(library: Library, e: Exemplars): FoundExemplars {
  if (e.collection !== undefined) {
    const { id } = collectionNamed(library, e.collection);
    const rows = select(
      library.db,
      `SELECT i.photo_id, i.member FROM collection_item i LEFT JOIN collection_source s ON s.id = i.source_id
       WHERE i.collection_id = ? AND (i.member = 0 OR s.how IS NULL OR s.how NOT IN ('rule', 'chosen'))
       ORDER BY i.position, i.photo_id`,
      list(integer, integer),
    ).all(id);
    const of = (member: number): number[] => rows.flatMap(([photo, m]) => (m === member ? [photo] : []));
    return { positive: of(1), negative: of(0), unknown: [] };
  }
  const byHash = idByHash(library);
  const unknown: string[] = [];
  const numbers = (hashes: readonly string[]): number[] =>
    [...new Set(hashes)].flatMap((hash) => {
      const id = byHash.get(hash);
      if (id === undefined) unknown.push(hash);
      return id === undefined ? [] : [id];
    });
  const positive = numbers(e.positive ?? []);
  const refused = new Set(positive);
  return { positive, negative: numbers(e.negative ?? []).filter((p) => !refused.has(p)), unknown };
}

/** Rows of photos in a set, and how many it does not describe. */
export function rowsOf(
  memory: SetInMemory,
  photos: readonly number[],
): { readonly rows: number[]; readonly missing: number } {
  const rows = photos.flatMap((p) => memory.rowOf.get(p) ?? []);
  return { rows, missing: photos.length - rows.length };
}

/** `1 photo has`, `3 photos have`. */
const counted = (n: number, one: string, verbs: readonly [string, string]): string =>
  n === 1 ? `1 ${one} ${verbs[0]}` : `${n} ${one}s ${verbs[1]}`;
const HAVE = ['has', 'have'] as const;

/** Photos that a condition of likeness is true of. @throws CovisError `NOT_FOUND`, `STATE_EMPTY` without any exemplar that can be compared. */
export async function likePhotos(c: RuleContext, r: LikeRule, positive: boolean): Promise<number[]> {
  const { library, notes } = c;
  const memory = await setInMemory(library, r.set);
  const { set, cosines } = memory;
  const found = exemplarPhotos(library, r.exemplars);
  const [yes, no] = [rowsOf(memory, found.positive), rowsOf(memory, found.negative)];
  if (found.unknown.length > 0)
    notes.add(`${counted(found.unknown.length, 'exemplar', ['is', 'are'])} not in this library.`);
  if (yes.missing + no.missing > 0)
    notes.add(`${counted(yes.missing + no.missing, 'exemplar', HAVE)} no descriptor in "${set.name}".`);
  if (yes.rows.length === 0)
    throw new CovisError('STATE_EMPTY', `None of the exemplars has a descriptor in "${set.name}"`, {
      hint: 'Extract descriptors, or take other exemplars.',
    });
  const photos = select(library.db, 'SELECT COUNT(*) FROM present_photo', integer).one();
  if (photos > set.ids.length)
    notes.add(
      `${counted(photos - set.ids.length, 'photo', HAVE)} no descriptor in "${set.name}" and cannot be found by likeness: covis extract describes all.`,
    );
  let scores = likeness(set.vectors, cosines, yes.rows, no.rows, r.method);
  if (r.calibrated === true) scores = scores.map(calibration(set.vectors, yes.rows, no.rows));
  const least = r.least ?? -Infinity;
  const rows =
    r.top === undefined
      ? Array.from(scores.keys()).filter((i) => scores[i]! >= least)
      : [...topOf(scores, set.ids, r.top)];
  if (positive)
    c.scored ??= {
      method: `${r.method}${r.calibrated === true ? ', calibrated' : ''}`,
      network: set.network?.uid ?? null,
      scores: new Map(rows.map((i) => [set.ids[i]!, scores[i]!])),
    };
  return rows.map((i) => set.ids[i]!);
}

/** The rows of the highest scores, the lower photo of equal ones. */
function topOf(scores: Float64Array, ids: Uint32Array, top: number): Uint32Array {
  // Rows are in the order of photos unless a set was imported in another.
  let ascending = true;
  for (let i = 1; i < ids.length; i += 1) if (ids[i]! < ids[i - 1]!) ascending = false;
  if (ascending) return topByScore(scores, Math.min(top, scores.length));
  return Uint32Array.from(scores.keys())
    .sort((a, b) => scores[b]! - scores[a]! || ids[a]! - ids[b]!)
    .subarray(0, top);
}
