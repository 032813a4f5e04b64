import type { SearchHit } from '../../../shared/domain.ts';
import { next, previous } from '../../actions/lists.ts';
import { useAction } from '../../actions/use-action.ts';
import { useLibrary } from '../../stores/library.ts';

/** Walks through results by the keys of lists: the selection is the library's. */
export function useHits(hits: () => readonly SearchHit[]): void {
  const library = useLibrary();
  function step(by: number): void {
    const all = hits();
    const at = all.findIndex((h) => h.photo === library.selectedPhoto);
    const to = all[Math.min(all.length - 1, Math.max(0, at + by))];
    if (to !== undefined) void library.select(to.photo);
  }
  const some = (): true | string => (hits().length > 0 ? true : 'There is no result yet');
  useAction(next, () => step(1), some);
  useAction(previous, () => step(-1), some);
}
