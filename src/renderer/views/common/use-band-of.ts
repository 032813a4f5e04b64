import { watch, type Ref } from 'vue';
import { useBand, type Band } from '../../kit/band.ts';

/**
 * A rubber band over elements with `data-choose` in a box. Those that leave the page while it scrolls are remembered.
 * @param take what lies under it, by `data-choose`, and whether that is in addition to what is chosen.
 */
export function useBandOf(
  box: Ref<HTMLElement | null>,
  take: (ids: readonly string[], also: boolean) => void,
): { readonly band: Ref<Band | null>; readonly down: (event: PointerEvent) => void; readonly ended: () => boolean } {
  const places = new Map<string, Band>();

  function note(): void {
    const around = box.value?.getBoundingClientRect();
    if (around === undefined || box.value === null) return;
    const [dx, dy] = [box.value.scrollLeft - around.left, box.value.scrollTop - around.top];
    for (const cell of box.value.querySelectorAll<HTMLElement>('[data-choose]')) {
      // A row is chosen wherever it is crossed.
      const r = (cell.closest('[role=row]') ?? cell).getBoundingClientRect();
      places.set(cell.dataset['choose']!, {
        left: r.left + dx,
        right: r.right + dx,
        top: r.top + dy,
        bottom: r.bottom + dy,
      });
    }
  }
  const made = useBand(
    box,
    (e) => e.shiftKey || e.ctrlKey || e.metaKey || (e.target as Element).closest('[data-choose], input, a') === null,
    (b, also) => {
      const inside = [...places].filter(
        ([, p]) => p.left < b.right && p.right > b.left && p.top < b.bottom && p.bottom > b.top,
      );
      take(
        inside.map(([id]) => id),
        also,
      );
      places.clear();
    },
  );
  watch(made.band, (b) => (b === null ? undefined : note()));
  return made;
}
