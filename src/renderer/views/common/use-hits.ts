import type { SearchHit } from '../../../shared/domain.ts';
import { next, previous } from '../../actions/lists.ts';
import { useAction } from '../../actions/use-action.ts';
import { useSelection } from '../../stores/selection.ts';

/** Walks through results by the keys of lists: the selection is the library's. */
export function useHits(hits: () => readonly SearchHit[]): void {
  const selection = useSelection();
  /** Moves without choosing: what is chosen stays. */
  const step = (by: number): void =>
    selection.take(
      selection.state.move(
        hits().map((h) => h.photo),
        by,
        { ctrl: true },
      ),
    );
  const some = (): true | string => (hits().length > 0 ? true : 'There is no result yet');
  useAction(next, () => step(1), some);
  useAction(previous, () => step(-1), some);
}
