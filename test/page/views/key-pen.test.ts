import { describe, expect, it } from 'vitest';
import { useKeyPen, type KeyPen } from '../../../src/renderer/views/draw/use-key-pen.ts';
import type { Stroke } from '../../../src/renderer/views/draw/strokes.ts';

function pen(): { readonly pen: KeyPen; readonly lines: (readonly [number, number])[][] } {
  const lines: (readonly [number, number])[][] = [];
  const round = (v: number): number => Math.round(1000 * v) / 1000;
  return {
    lines,
    pen: useKeyPen((points: Stroke['points']) => lines.push(points.map((p) => [round(p.x), round(p.y)] as const))),
  };
}
function press(p: KeyPen, ...keys: readonly string[]): void {
  for (const key of keys) {
    const shiftKey = key.startsWith('Shift+');
    const name = key.replace('Shift+', '');
    for (const type of ['keydown', 'keyup']) p.key(new KeyboardEvent(type, { key: name, shiftKey, cancelable: true }));
  }
}

describe('the pen of the keyboard', () => {
  it('moves without drawing until Space puts it down, and draws until Space lifts it', () => {
    const { pen: p, lines } = pen();
    press(p, 'ArrowLeft', 'ArrowUp', ' ', 'ArrowRight', 'Shift+ArrowDown', ' ', 'ArrowRight');
    expect(lines).toEqual([
      [
        [0.48, 0.48],
        [0.5, 0.48],
        [0.5, 0.485],
      ],
    ]);
    expect(p.said.value).toBe('Pen up, 52 % from the left, 49 % from above');
  });

  it('lets go of a line by Esc, which then is not drawn', () => {
    const { pen: p, lines } = pen();
    press(p, ' ', 'ArrowRight', 'Escape');
    expect(lines).toEqual([]);
    expect(p.said.value).toContain('Pen up');
  });

  it('leaves Esc and keys of actions to others while nothing is drawn', () => {
    const { pen: p } = pen();
    for (const init of [{ key: 'Escape' }, { key: 'e' }, { key: 'ArrowLeft', ctrlKey: true }]) {
      const event = new KeyboardEvent('keydown', { ...init, cancelable: true });
      p.key(event);
      expect(event.defaultPrevented, init.key).toBe(false);
    }
  });

  it('draws aslant while two arrows are held, and stops at the edge of the paper', () => {
    const { pen: p, lines } = pen();
    const down = (key: string): void => p.key(new KeyboardEvent('keydown', { key }));
    down(' ');
    down('ArrowRight');
    down('ArrowDown');
    p.key(new KeyboardEvent('keyup', { key: 'ArrowRight' }));
    p.key(new KeyboardEvent('keyup', { key: 'ArrowDown' }));
    for (let i = 0; i < 60; i += 1) press(p, 'ArrowRight');
    p.lift();
    expect(lines[0]!.slice(0, 3)).toEqual([
      [0.5, 0.5],
      [0.52, 0.5],
      [0.54, 0.52],
    ]);
    expect(lines[0]!.at(-1)).toEqual([1, 0.52]);
  });
});
