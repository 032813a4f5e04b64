/** How two states of a collection differ: pure functions. */
import type {
  ChangeCounts,
  CollectionDifference,
  FieldValues,
  PhotoDifference,
} from '../../../shared/facts/collections.ts';

/** A photo of a state. Photos of two states are compared by `key`. */
export interface StateItem {
  /** Content hash: the beginning of its SHA-256. */
  readonly key: string;
  /** Fields as text that is the same for the same fields; null for none. */
  readonly fields: string | null;
  /** Key of the photo that it is folded under. */
  readonly head: string | null;
}

/** A collection at one moment: photos in their order. */
export interface CollectionState<T extends StateItem = StateItem> {
  readonly items: readonly T[];
  readonly fields: FieldValues;
}

export type DifferenceKind = PhotoDifference['kinds'][number];

/** Indices of a sequence that are in one longest increasing subsequence of it. */
export function longestIncreasing(of: Int32Array): Set<number> {
  // ends[k]: index of the smallest value that ends an increasing run of k + 1.
  const ends: number[] = [];
  const before = new Int32Array(of.length).fill(-1);
  for (let i = 0; i < of.length; i += 1) {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (of[ends[mid]!]! < of[i]!) low = mid + 1;
      else high = mid;
    }
    if (low > 0) before[i] = ends[low - 1]!;
    ends[low] = i;
  }
  const kept = new Set<number>();
  for (let i = ends.at(-1) ?? -1; i >= 0; i = before[i]!) kept.add(i);
  return kept;
}

/** What differs of each photo that differs: those of `after` in their order, then those that are gone. */
export function differences(
  before: readonly StateItem[],
  after: readonly StateItem[],
): { readonly was: number | null; readonly is: number | null; readonly kinds: readonly DifferenceKind[] }[] {
  const at = new Map(before.map((item, i) => [item.key, i]));
  const common: number[] = [];
  const old: number[] = [];
  after.forEach((item, i) => {
    const was = at.get(item.key);
    if (was === undefined) return;
    common.push(i);
    old.push(was);
  });
  const inOrder = old.every((was, i) => i === 0 || was > old[i - 1]!);
  const kept = inOrder ? undefined : longestIncreasing(Int32Array.from(old));
  const moved = new Set(kept === undefined ? [] : common.filter((_, i) => !kept.has(i)));
  const out: { was: number | null; is: number | null; kinds: readonly DifferenceKind[] }[] = [];
  const seen = new Set<number>();
  after.forEach((item, is) => {
    const was = at.get(item.key);
    if (was === undefined) {
      out.push({ was: null, is, kinds: ['added'] });
      return;
    }
    seen.add(was);
    const earlier = before[was]!;
    const kinds: DifferenceKind[] = [];
    if (moved.has(is)) kinds.push('moved');
    if (earlier.fields !== item.fields) kinds.push('described');
    if (earlier.head !== item.head) kinds.push('folded');
    if (kinds.length > 0) out.push({ was, is, kinds });
  });
  before.forEach((_, was) => {
    if (!seen.has(was)) out.push({ was, is: null, kinds: ['removed'] });
  });
  return out;
}

/** Fields that differ, by name. */
export function fieldDifferences(before: FieldValues, after: FieldValues): CollectionDifference['fields'] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((field) => {
    const [was, is] = [before[field] ?? null, after[field] ?? null];
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ field, before: was, after: is }];
  });
}

/** How many photos differ, by how. */
export function countChanges(before: CollectionState, after: CollectionState): ChangeCounts {
  return countsOf(differences(before.items, after.items), fieldDifferences(before.fields, after.fields).length > 0);
}

/** Nothing differs. */
export const NO_CHANGES: ChangeCounts = { added: 0, removed: 0, moved: 0, described: 0, folded: 0, fields: false };

/** As {@link countChanges}, of what was found to differ. @param fields whether those of the collection do. */
export function countsOf(
  found: readonly { readonly kinds: readonly DifferenceKind[] }[],
  fields: boolean,
): ChangeCounts {
  const counts = { ...NO_CHANGES, fields };
  for (const { kinds } of found) for (const k of kinds) counts[k] += 1;
  return counts;
}

/** True where nothing differs. */
export function isSame(c: ChangeCounts): boolean {
  return c.added + c.removed + c.moved + c.described + c.folded === 0 && !c.fields;
}
