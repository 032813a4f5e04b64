import { computed, type ComputedRef } from 'vue';
import { useRoute } from 'vue-router';
import { useNotices } from '../../stores/notices.ts';
import { useChoiceAddress, type ChoiceAddress } from '../common/use-choice-address.ts';
import { rowsOf, rowsText, sumOfRows } from './chosen-text.ts';
import type { useTupleList } from './tuple-list.ts';
import type { TupleSelection } from './use-selection.ts';

/**
 * Keeps the selected tuples in the address, by where they stand in the list, with a sum by which it is known that the list is still that one:
 * a filter by decisions gives another after each decision.
 */
export function useChosenTuples(
  tuples: Pick<ReturnType<typeof useTupleList>, 'ready' | 'total' | 'rowsAt'>,
  selection: TupleSelection,
): ChoiceAddress & { readonly text: ComputedRef<string | null | undefined> } {
  const notices = useNotices();
  const route = useRoute();
  const here = route.name;
  const known = computed(() => [...selection.selected.value].every((row) => selection.numbers.value.has(row)));
  const text = computed(() => {
    const rows = [...selection.selected.value];
    const { value: numbers } = selection.numbers;
    if (rows.length === 0 || !known.value) return undefined;
    return rowsText(rows, sumOfRows(new Map(rows.map((row) => [row, numbers.get(row)!]))));
  });
  const address = useChoiceAddress({
    key: 'chosen',
    ready: () => route.name === here && tuples.ready.value && tuples.total.value > 0,
    known: () => known.value,
    text: () => text.value,
    async take(said, still) {
      const asked = rowsOf(said, tuples.total.value);
      const found = asked === null ? null : await tuples.rowsAt(asked.rows);
      if (!still()) return;
      const numbers = new Map([...(found ?? [])].map(([row, t]) => [row, t.index]));
      if (asked !== null && numbers.size === asked.rows.length && sumOfRows(numbers) === asked.sum)
        return selection.choose(asked.rows);
      notices.add(
        'error',
        'The tuples that the address chooses are not chosen',
        'It is of another list, or of this one before decisions changed it.',
      );
    },
  });
  return { ...address, text };
}
