import type { Exemplars, Rule } from '../../../shared/facts/collection-rules.ts';
import type { NextPhotos } from '../../../shared/facts/collection-choices.ts';
import type { Library } from '../library/library.ts';
import { hashById } from '../library/tables/photo.ts';
import { nextToJudge, type NextBy } from './exemplars.ts';
import { exemplarPhotos, rowsOf } from './rule-likeness.ts';
import { answerRule } from './rules.ts';
import { setInMemory } from './set-memory.ts';

/** Who is judged next. */
export interface NextAsked {
  readonly exemplars: Exemplars;
  /** Descriptor set. */
  readonly set: string;
  readonly n: number;
  readonly by: NextBy;
  /** Only photos of this rule. */
  readonly among?: Rule | undefined;
}

/**
 * The next photos to judge, never one that was judged. @returns them with their numbers in the library.
 * @throws CovisError `STATE_EMPTY` before any photo was judged, and as `setInMemory` and `answerRule`.
 */
export async function nextPhotosToJudge(
  library: Library,
  { exemplars, set: wanted, n, by, among }: NextAsked,
): Promise<NextPhotos & { readonly numbers: readonly number[] }> {
  const allowed = among === undefined ? undefined : (await answerRule(library, among)).photos;
  const memory = await setInMemory(library, wanted);
  const { set, cosines } = memory;
  const found = exemplarPhotos(library, exemplars);
  const [yes, no] = [rowsOf(memory, found.positive).rows, rowsOf(memory, found.negative).rows];
  const rows = allowed === undefined ? undefined : rowsOf(memory, allowed).rows;
  const next = await nextToJudge(set.vectors, cosines, yes, no, { n, by, among: rows });
  const numbers = next.rows.map((r) => set.ids[r]!);
  const hash = hashById(library);
  return {
    photos: numbers.map((id) => hash.one(id)),
    how: next.how,
    positive: yes.length,
    negative: no.length,
    numbers,
  };
}
