import { watch, type Ref } from 'vue';
import { useBand, type Band } from '../../kit/band.ts';
import { useSelection, type Origin } from '../../stores/selection.ts';

/**
 * A rubber band over elements with `data-choose` in a box that scrolls. Those that leave the page while it scrolls are remembered.
 */
export function useBandOf(
  box: Ref<HTMLElement | null>,
  origin?: Origin,
): { readonly band: Ref<Band | null>; readonly down: (event: PointerEvent) => void; readonly ended: () => boolean } {
  const store = useSelection();
  const places = new Map<string, Band>();

  function note(): void {
    const around = box.value?.getBoundingClientRect();
    if (around === undefined || box.value === null) return;
    const [dx, dy] = [box.value.scrollLeft - around.left, box.value.scrollTop - around.top];
    for (const cell of box.value.querySelectorAll<HTMLElement>('[data-choose]')) {
      const r = cell.getBoundingClientRect();
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
      store.choose(
        inside.map(([id]) => id),
        origin,
        also,
      );
      places.clear();
    },
  );
  watch(made.band, (b) => (b === null ? undefined : note()));
  return made;
}
