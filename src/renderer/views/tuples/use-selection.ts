import { computed, ref, shallowReactive } from 'vue';

/** Tuples that are selected for a decision on many, by position, and which of all were on the screen: only those can be decided. */
export function useTupleSelection() {
  const selected = ref<ReadonlySet<number>>(new Set());
  const seen = shallowReactive(new Set<number>());
  let anchor = 0;

  const seenSelected = computed(() => [...selected.value].filter((i) => seen.has(i)).sort((a, b) => a - b));

  function toggle(i: number): void {
    const next = new Set(selected.value);
    if (!next.delete(i)) next.add(i);
    selected.value = next;
  }

  /** @returns whether the click only selected and shows nothing. */
  function click(
    i: number,
    held: { readonly shiftKey: boolean; readonly ctrlKey: boolean; readonly metaKey: boolean },
  ): boolean {
    if (held.shiftKey) {
      const [from, to] = [Math.min(anchor, i), Math.max(anchor, i)];
      selected.value = new Set([...selected.value, ...Array.from({ length: to - from + 1 }, (_, k) => from + k)]);
      return true;
    }
    anchor = i;
    if (!held.ctrlKey && !held.metaKey) return false;
    toggle(i);
    return true;
  }

  function clear(): void {
    selected.value = new Set();
  }

  /** Another list: nothing of the one before counts. */
  function forget(): void {
    clear();
    seen.clear();
    anchor = 0;
  }

  return { selected, seen, seenSelected, toggle, click, clear, forget };
}

export type TupleSelection = ReturnType<typeof useTupleSelection>;
