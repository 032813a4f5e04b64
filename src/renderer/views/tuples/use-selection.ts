import { computed, ref, shallowReactive, shallowRef } from 'vue';

/** Tuples that are selected for a decision on many, by position, and which of all were on the screen: only those can be decided. */
export function useTupleSelection() {
  const selected = ref<ReadonlySet<number>>(new Set());
  const seen = shallowReactive(new Set<number>());
  /** Photos of those that are selected, which are chosen with them. */
  const held = new Map<number, readonly string[]>();
  /** Their numbers as mined, of those that are known. */
  const numbers = shallowRef<ReadonlyMap<number, number>>(new Map());
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

  /** From the anchor, which is where the last click or `begin` was, to here. */
  function reach(i: number): void {
    click(i, { shiftKey: true, ctrlKey: false, metaKey: false });
  }
  function begin(i: number): void {
    if (!selected.value.has(anchor)) anchor = i;
  }
  function choose(rows: Iterable<number>, also = false): void {
    selected.value = new Set(also ? [...selected.value, ...rows] : rows);
  }
  /** What is not selected, of so many, takes the place of what is. */
  function invert(total: number): void {
    choose(Array.from({ length: total }, (_, i) => i).filter((i) => !selected.value.has(i)));
  }
  function drop(rows: readonly number[]): void {
    const gone = new Set(rows);
    choose([...selected.value].filter((i) => !gone.has(i)));
  }
  function clear(): void {
    selected.value = new Set();
  }

  /** Another list: nothing of the one before counts. Photos stay chosen. */
  function forget(): void {
    held.clear();
    numbers.value = new Map();
    clear();
    seen.clear();
    anchor = 0;
  }

  return {
    selected,
    held,
    numbers,
    seen,
    seenSelected,
    toggle,
    click,
    begin,
    reach,
    choose,
    invert,
    drop,
    clear,
    forget,
  };
}

export type TupleSelection = ReturnType<typeof useTupleSelection>;
