import { shallowRef } from 'vue';

/** Photos that are being dragged, for what can take them; null while none are. */
export const dragged = shallowRef<{ readonly photos: readonly string[]; readonly from: string } | null>(null);

const KIND = 'application/x-covis-photos';
const SIDE = 72;

/** Begins to drag photos: how many is written on what hangs at the pointer. @param from names the list they come from. */
export function beginDrag(event: DragEvent, photos: readonly string[], from: string): void {
  if (event.dataTransfer === null) return;
  event.dataTransfer.effectAllowed = 'copyMove';
  event.dataTransfer.setData(KIND, photos.join('\n'));
  const picture = (event.target as Element | null)?.closest('[data-choose], [role="option"]')?.querySelector('img');
  const mark = document.createElement('div');
  mark.className = 'drag-mark';
  if (picture != null) {
    const copy = new Image(SIDE, SIDE);
    copy.src = picture.src;
    mark.append(copy);
  }
  mark.append(Object.assign(document.createElement('span'), { textContent: String(photos.length) }));
  document.body.append(mark);
  event.dataTransfer.setDragImage(mark, SIDE / 2, SIDE / 2);
  setTimeout(() => mark.remove());
  // Chromium ends a drag whose source changes in the same turn.
  setTimeout(() => (dragged.value = { photos, from }));
}

export function endDrag(): void {
  dragged.value = null;
}
