import { computed, ref, type ComputedRef, type Ref } from 'vue';
import { EVEN_PRESSURE, type Stroke } from './strokes.ts';

/** Shares of the paper's side that an arrow moves the pen by, and with Shift. */
const STEP = 0.02;
const FINE = 0.005;
const MOVES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export interface KeyPen {
  /** Where the pen is, in shares of the paper; shown while the paper has the focus. */
  readonly at: Ref<{ readonly x: number; readonly y: number }>;
  /** The line that is being drawn. */
  readonly line: Ref<readonly Stroke['points'][number][] | null>;
  /** What is said of it. */
  readonly said: ComputedRef<string>;
  key(event: KeyboardEvent): void;
  /** Lifts the pen; what was drawn stays. */
  lift(): void;
}

/**
 * A pen for the keyboard: arrows move it, in small steps with Shift; Space puts it down and lifts it, Esc lets go of the line. Two arrows held
 * together draw aslant.
 */
export function useKeyPen(done: (points: readonly Stroke['points'][number][]) => void): KeyPen {
  const at = ref({ x: 0.5, y: 0.5 });
  const line = ref<readonly Stroke['points'][number][] | null>(null);
  const held = new Set<string>();
  const here = (): Stroke['points'][number] => ({ ...at.value, pressure: EVEN_PRESSURE });

  function lift(): void {
    held.clear();
    const points = line.value;
    line.value = null;
    if (points !== null) done(points);
  }
  function move(step: number): void {
    const clamp = (v: number): number => Math.min(1, Math.max(0, v));
    let [dx, dy] = [0, 0];
    for (const key of held) {
      dx += MOVES[key]![0];
      dy += MOVES[key]![1];
    }
    at.value = { x: clamp(at.value.x + dx * step), y: clamp(at.value.y + dy * step) };
    if (line.value !== null) line.value = [...line.value, here()];
  }
  function key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.type === 'keyup') {
      held.delete(event.key);
      return;
    }
    if (event.key in MOVES) {
      held.add(event.key);
      move(event.shiftKey ? FINE : STEP);
    } else if (event.key === ' ') {
      if (event.repeat) return;
      if (line.value === null) line.value = [here()];
      else lift();
    } else if (event.key === 'Escape' && line.value !== null) line.value = null;
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  const percent = (v: number): string => `${Math.round(100 * v)} %`;
  const said = computed(
    () =>
      `Pen ${line.value === null ? 'up' : 'down'}, ${percent(at.value.x)} from the left, ${percent(at.value.y)} from above`,
  );
  return { at, line, said, key, lift };
}
