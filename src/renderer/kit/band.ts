import { onScopeDispose, ref, type Ref } from 'vue';

/** A rectangle in an element's content, from its scrolled top left corner. */
export interface Band {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Where a band is drawn in its element. */
export function bandStyle(b: Band): Readonly<Record<string, string>> {
  return {
    left: `${b.left}px`,
    top: `${b.top}px`,
    width: `${b.right - b.left}px`,
    height: `${b.bottom - b.top}px`,
  };
}

/** A press that moves less is a click. */
const LEAST = 4;
/** Near an edge the content is scrolled. */
const EDGE = 28;
const STEP = 14;

function within(box: HTMLElement, x: number, y: number): { x: number; y: number } {
  const rect = box.getBoundingClientRect();
  return { x: x - rect.left + box.scrollLeft, y: y - rect.top + box.scrollTop };
}

/**
 * A rubber band over what an element shows: drawn from where nothing is, or from anywhere with Shift or Ctrl. It scrolls at the edges.
 * @param starts whether a press there begins one.
 * @param done what it was drawn around, and whether that is in addition to what is chosen.
 */
export function useBand(
  box: Ref<HTMLElement | null>,
  starts: (event: PointerEvent) => boolean,
  done: (band: Band, also: boolean) => void,
): { readonly band: Ref<Band | null>; readonly down: (event: PointerEvent) => void; readonly ended: () => boolean } {
  const band = ref<Band | null>(null);
  let from: { x: number; y: number } | undefined;
  let last = { x: 0, y: 0 };
  let also = false;
  let frame = 0;
  /** The click that follows the release is no click on a photo. */
  let justEnded = false;

  function draw(): void {
    if (box.value === null || from === undefined) return;
    const to = within(box.value, last.x, last.y);
    if (band.value === null && Math.abs(to.x - from.x) + Math.abs(to.y - from.y) < LEAST) return;
    band.value = {
      left: Math.min(from.x, to.x),
      top: Math.min(from.y, to.y),
      right: Math.max(from.x, to.x),
      bottom: Math.max(from.y, to.y),
    };
  }
  function scroll(): void {
    if (box.value === null || from === undefined) return;
    const rect = box.value.getBoundingClientRect();
    if (band.value !== null) {
      if (last.y < rect.top + EDGE) box.value.scrollTop -= STEP;
      else if (last.y > rect.bottom - EDGE) box.value.scrollTop += STEP;
      if (last.x < rect.left + EDGE) box.value.scrollLeft -= STEP;
      else if (last.x > rect.right - EDGE) box.value.scrollLeft += STEP;
      draw();
    }
    frame = requestAnimationFrame(scroll);
  }
  function move(event: PointerEvent): void {
    last = { x: event.clientX, y: event.clientY };
    draw();
  }
  function stop(): void {
    cancelAnimationFrame(frame);
    removeEventListener('pointermove', move);
    removeEventListener('pointerup', up);
    removeEventListener('pointercancel', stop);
    removeEventListener('keydown', leave, true);
    from = undefined;
    band.value = null;
  }
  function up(): void {
    const drawn = band.value;
    const more = also;
    stop();
    if (drawn === null) return;
    justEnded = true;
    setTimeout(() => (justEnded = false));
    done(drawn, more);
  }
  function leave(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || band.value === null) return;
    event.preventDefault();
    event.stopPropagation();
    stop();
  }
  function down(event: PointerEvent): void {
    if (event.button !== 0 || event.pointerType === 'touch' || box.value === null || !starts(event)) return;
    const rect = box.value.getBoundingClientRect();
    // The scroll bar is no place to draw from.
    if (event.clientX - rect.left > box.value.clientWidth || event.clientY - rect.top > box.value.clientHeight) return;
    from = within(box.value, event.clientX, event.clientY);
    last = { x: event.clientX, y: event.clientY };
    also = event.shiftKey || event.ctrlKey || event.metaKey;
    addEventListener('pointermove', move);
    addEventListener('pointerup', up);
    addEventListener('pointercancel', stop);
    addEventListener('keydown', leave, true);
    frame = requestAnimationFrame(scroll);
  }
  onScopeDispose(stop);
  return { band, down, ended: () => justEnded };
}
