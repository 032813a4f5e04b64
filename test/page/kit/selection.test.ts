import { describe, expect, it } from 'vitest';
import { reactive, ref } from 'vue';
import { Selection } from '../../../src/renderer/kit/selection.ts';
import { random } from '../setup.ts';

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const sorted = (s: Selection): string => [...s.chosen].sort().join('');

describe('Selection', () => {
  it('a click chooses one and lets the others go', () => {
    const s = new Selection(['a', 'b'], 'a').click(ids, 'd');
    expect(sorted(s)).toBe('d');
    expect(s.current).toBe('d');
  });

  it('Ctrl adds, and takes what is chosen', () => {
    const s = new Selection().click(ids, 'b').click(ids, 'e', { ctrl: true });
    expect(sorted(s)).toBe('be');
    expect(sorted(s.click(ids, 'b', { ctrl: true }))).toBe('e');
  });

  it('Shift chooses from the anchor, either way, and the anchor stays', () => {
    const s = new Selection().click(ids, 'c').click(ids, 'e', { shift: true });
    expect(sorted(s)).toBe('cde');
    expect(sorted(s.click(ids, 'a', { shift: true }))).toBe('abc');
  });

  it('Ctrl and Shift add the reach to what is chosen', () => {
    const s = new Selection()
      .click(ids, 'a')
      .click(ids, 'd', { ctrl: true })
      .click(ids, 'f', { shift: true, ctrl: true });
    expect(sorted(s)).toBe('adef');
  });

  it('Shift without an anchor chooses the one', () => {
    expect(sorted(new Selection().click(ids, 'c', { shift: true }))).toBe('c');
  });

  it('arrows start at an end, move, and stop at the ends', () => {
    expect(new Selection().move(ids, 1).current).toBe('a');
    expect(new Selection().move(ids, -1).current).toBe('f');
    expect(new Selection(['e'], 'e').move(ids, 3).current).toBe('f');
    expect(sorted(new Selection(['e'], 'e').move(ids, -2))).toBe('c');
  });

  it('Shift with arrows reaches and shrinks again', () => {
    const s = new Selection().click(ids, 'b').move(ids, 1, { shift: true }).move(ids, 1, { shift: true });
    expect(sorted(s)).toBe('bcd');
    expect(sorted(s.move(ids, -1, { shift: true }))).toBe('bc');
  });

  it('Ctrl with arrows moves without choosing', () => {
    const s = new Selection().click(ids, 'b').move(ids, 2, { ctrl: true });
    expect(sorted(s)).toBe('b');
    expect(s.current).toBe('d');
  });

  it('all, none, and what is left of a changed list', () => {
    expect(sorted(new Selection(['b'], 'b').all(ids))).toBe('abcdef');
    expect(new Selection(['b'], 'b').none()).toMatchObject({ current: 'b', chosen: new Set() });
    const s = new Selection(['a', 'd'], 'd', 'a').kept(['a', 'b']);
    expect(s).toMatchObject({ chosen: new Set(['a']), current: null, anchor: 'a' });
  });

  it('an id that is not in the list changes nothing', () => {
    const s = new Selection(['a'], 'a');
    expect(s.click(ids, 'z')).toBe(s);
    expect(s.move([], 1)).toBe(s);
  });

  it('works inside refs and reactive objects of Vue', () => {
    const held = ref(new Selection());
    held.value = held.value.click(ids, 'b');
    held.value = held.value.click(ids, 'd', { shift: true });
    expect([...held.value.chosen]).toEqual(['b', 'c', 'd']);
    const state = reactive({ s: new Selection(['b'], 'b') });
    expect(sorted(state.s.move(ids, 1, { shift: true }) as Selection)).toBe('bc');
  });

  it('keeps its promises through thousands of gestures', () => {
    const next = random(7);
    for (let run = 0; run < 120; run += 1) {
      const list = Array.from({ length: 1 + Math.floor(next() * 30) }, (_, i) => `p${i}`);
      let s = new Selection();
      for (let k = 0; k < 25; k += 1) {
        const id = list[Math.floor(next() * list.length)]!;
        const held = { shift: next() < 0.4, ctrl: next() < 0.4 };
        const before = s;
        const frozen = [...before.chosen];
        const clicks = next() < 0.5;
        s = clicks ? s.click(list, id, held) : s.move(list, Math.floor(next() * 9) - 4, held);
        // What was is not changed; what is chosen is in the list; the current one is, too.
        expect([...before.chosen]).toEqual(frozen);
        expect([...s.chosen].filter((c) => !list.includes(c))).toEqual([]);
        expect(list).toContain(s.current);
        if (held.shift && (clicks ? !held.ctrl : true)) {
          // A reach is one run of neighbours between the anchor and the current one.
          const at = [...s.chosen].map((c) => list.indexOf(c)).sort((a, b) => a - b);
          expect(at.at(-1)! - at[0]! + 1).toBe(at.length);
          expect([at[0], at.at(-1)]).toContain(list.indexOf(s.current!));
          expect([at[0], at.at(-1)]).toContain(list.indexOf(s.anchor!));
        }
        if (clicks && !held.shift && !held.ctrl) expect([...s.chosen]).toEqual([id]);
        if (clicks && held.ctrl && !held.shift) {
          expect(s.chosen.has(id)).toBe(!before.chosen.has(id));
          expect(Math.abs(s.chosen.size - before.chosen.size)).toBe(1);
        }
      }
      expect(s.all(list).chosen.size).toBe(list.length);
      expect(s.none().chosen.size).toBe(0);
    }
  });
});
