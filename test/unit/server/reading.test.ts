import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Reading, type Readable } from '../../../src/main/server/reading.ts';

const KIB = 1 << 10;
const MIB = 1 << 20;
interface Connection extends Readable {
  readonly name: string;
  held: boolean;
  over: boolean;
}
let reading: Reading<Connection>;
beforeEach(() => {
  vi.useFakeTimers();
  reading = new Reading();
});
afterEach(() => {
  reading.close();
  vi.useRealTimers();
});
function connection(name: string): Connection {
  const c: Connection = {
    name,
    held: false,
    over: false,
    hold(held) {
      this.held = held;
    },
    cutOff() {
      this.over = true;
      reading.end(this);
    },
  };
  reading.begin(c);
  return c;
}
const heldOf = (all: readonly Connection[]): string[] => all.filter((c) => c.held).map((c) => c.name);

describe('what pages send', () => {
  it('is read as it comes where it is short, from however many', () => {
    const all = Array.from({ length: 64 }, (_, n) => connection(String(n)));
    for (const c of all) reading.took(c, 64 * KIB);
    expect(heldOf(all)).toEqual([]);
    for (const c of all) reading.whole(c);
    for (const c of all) reading.took(c, 64 * KIB);
    expect(heldOf(all)).toEqual([]);
  });

  it('is read one after the other where it is long, in the order in which it began', () => {
    const all = ['a', 'b', 'c'].map(connection);
    const [a, b, c] = all as [Connection, Connection, Connection];
    for (const x of all) reading.took(x, 65 * KIB);
    expect(heldOf(all)).toEqual(['b', 'c']);
    reading.took(a, MIB);
    reading.whole(a);
    expect(heldOf(all)).toEqual(['c']);
    // Its next long one is behind those that wait.
    reading.took(a, 65 * KIB);
    expect(heldOf(all)).toEqual(['a', 'c']);
    reading.whole(b);
    expect(heldOf(all)).toEqual(['a']);
    reading.whole(c);
    expect(heldOf(all)).toEqual([]);
  });

  it('waits for nobody who stops in the middle, and for nobody who is gone', () => {
    const all = ['a', 'b', 'c'].map(connection);
    const [a, b, c] = all as [Connection, Connection, Connection];
    for (const x of all) reading.took(x, 65 * KIB);
    vi.advanceTimersByTime(99);
    expect(heldOf(all)).toEqual(['b', 'c']);
    vi.advanceTimersByTime(1);
    expect(heldOf(all)).toEqual(['a', 'c']);
    reading.end(b);
    expect(heldOf([a, c])).toEqual(['a']);
    reading.end(c);
    expect(heldOf([a])).toEqual([]);
    // Nothing comes of the only one for a while: it has no turn any more, and takes it again when it goes on.
    vi.advanceTimersByTime(1000);
    const d = connection('d');
    reading.took(d, MIB);
    expect(heldOf([a, d])).toEqual([]);
    reading.took(a, 1);
    expect(heldOf([a, d])).toEqual(['a']);
  });

  it('and does not end is held to 16 MiB of all together: who holds most of it is cut off', () => {
    const all = Array.from({ length: 9 }, (_, n) => connection(String(n)));
    for (const [n, c] of all.entries()) {
      reading.took(c, (n === 3 ? 3 : 2) * MIB);
      // It stops there, and the next one has its turn.
      vi.advanceTimersByTime(100);
    }
    expect(all.filter((c) => c.over).map((c) => c.name)).toEqual(['3']);
    expect(reading.unfinished).toBe(16 * MIB);
  });
});
