import { computed, onBeforeUnmount, onMounted, ref, type ComputedRef, type Ref } from 'vue';

/** The rows from `first` up to, not including, `end`. */
export interface Span {
  readonly first: number;
  readonly end: number;
}

/** The rows of equal height that a window of `height` at `top` shows, with `over` more on either side. */
export function rowsShown(top: number, height: number, row: number, count: number, over = 4): Span {
  const first = Math.max(0, Math.min(count, Math.floor(top / row) - over));
  const end = Math.max(first, Math.min(count, Math.ceil((top + height) / row) + over));
  return { first, end };
}

/** Where to scroll to so that a row is seen whole; `top` itself when it is. `head` covers the upper part of the window. */
export function scrolledTo(at: number, top: number, height: number, row: number, head = 0): number {
  if (at * row < top) return at * row;
  const lowest = (at + 1) * row - (height - head);
  return Math.max(top, lowest);
}

/** A scrolled element with only those rows in the page that are seen. `head` is the height of what sticks at the top. */
export function useRows(
  box: Ref<HTMLElement | null>,
  count: () => number,
  row: () => number,
  head = 0,
): {
  readonly span: ComputedRef<Span>;
  readonly width: Ref<number>;
  readonly height: Ref<number>;
  readonly onScroll: () => void;
  readonly reveal: (at: number) => void;
} {
  const top = ref(0);
  const height = ref(0);
  const width = ref(0);
  const measure = (): void => {
    height.value = box.value?.clientHeight ?? 0;
    width.value = box.value?.clientWidth ?? 0;
  };
  const observer = new ResizeObserver(measure);
  onMounted(() => {
    if (box.value === null) return;
    measure();
    observer.observe(box.value);
  });
  onBeforeUnmount(() => observer.disconnect());
  return {
    span: computed(() => rowsShown(top.value, height.value, row(), count())),
    width,
    height,
    onScroll: () => (top.value = box.value?.scrollTop ?? 0),
    reveal(at) {
      if (box.value === null || at < 0) return;
      const next = scrolledTo(at, box.value.scrollTop, box.value.clientHeight, row(), head);
      if (next !== box.value.scrollTop) box.value.scrollTop = next;
      top.value = box.value.scrollTop;
    },
  };
}
