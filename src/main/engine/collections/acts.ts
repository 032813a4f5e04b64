/** How changes of collections are noted: each is one action of the log, undone as one. */
import { changeCollections, type CollectionChange, type PartRow } from '../library/collection-log.ts';
import type { Library } from '../library/library.ts';
import { append, history } from '../mining/action-log.ts';
import { rowOf, type Item } from './items.ts';

const LONGEST_LABEL = 200;

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

/** Rows of items before, and after a change of each; those that stay the same are left out. */
export function itemsChange(
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
