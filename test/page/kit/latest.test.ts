import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { effectScope, nextTick, ref } from 'vue';
import { latest, useLatest, type Loaded } from '../../../src/renderer/kit/latest.ts';

/** Answers with the id in capitals after so many milliseconds. */
const after =
  (delays: Readonly<Record<string, number>>) =>
  (id: string): Promise<string> =>
    new Promise((resolve, reject) => {
      setTimeout(
        () => (id.startsWith('bad') ? reject(new Error(`no ${id}`)) : resolve(id.toUpperCase())),
        delays[id] ?? 10,
      );
    });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('latest', () => {
  it('never lets a slow answer overwrite a newer one', async () => {
    const told: Loaded<string>[] = [];
    const loader = latest(after({ slow: 100, fast: 10 }), (s) => told.push(s));
    void loader.ask('slow');
    void loader.ask('fast');
    await vi.advanceTimersByTimeAsync(20);
    expect(told.at(-1)).toEqual({ data: 'FAST', error: null, loading: false });
    await vi.advanceTimersByTimeAsync(200);
    expect(told.at(-1)).toEqual({ data: 'FAST', error: null, loading: false });
  });

  it('nor the failure of an older request', async () => {
    const told: Loaded<string>[] = [];
    const loader = latest(after({ bad: 100, fast: 10 }), (s) => told.push(s));
    void loader.ask('bad');
    void loader.ask('fast');
    await vi.advanceTimersByTimeAsync(200);
    expect(told.at(-1)).toEqual({ data: 'FAST', error: null, loading: false });
  });

  it('shows nothing of one id under another, and keeps the data of the same one while it is asked again', async () => {
    const told: Loaded<string>[] = [];
    const loader = latest(after({}), (s) => told.push(s));
    void loader.ask('a');
    await vi.advanceTimersByTimeAsync(20);
    void loader.ask('a');
    expect(told.at(-1)).toEqual({ data: 'A', error: null, loading: true });
    await vi.advanceTimersByTimeAsync(20);
    void loader.ask('b');
    expect(told.at(-1)).toEqual({ data: null, error: null, loading: true });
  });

  it('keeps the last data until the next are there where that is asked for', async () => {
    const told: Loaded<string>[] = [];
    const loader = latest(after({}), (s) => told.push(s), { keep: true });
    void loader.ask('a');
    await vi.advanceTimersByTimeAsync(20);
    void loader.ask('b');
    expect(told.at(-1)).toEqual({ data: 'A', error: null, loading: true });
    await vi.advanceTimersByTimeAsync(20);
    expect(told.at(-1)).toEqual({ data: 'B', error: null, loading: false });
  });

  it('tells an error, and forgets it with the next answer', async () => {
    const told: Loaded<string>[] = [];
    const loader = latest(after({}), (s) => told.push(s));
    void loader.ask('bad');
    await vi.advanceTimersByTimeAsync(20);
    expect(told.at(-1)).toMatchObject({ data: null, error: new Error('no bad'), loading: false });
    void loader.ask('good');
    await vi.advanceTimersByTimeAsync(20);
    expect(told.at(-1)).toEqual({ data: 'GOOD', error: null, loading: false });
  });

  it('tells a load that throws at once as an error', async () => {
    const told: Loaded<string>[] = [];
    const loader = latest(
      (): Promise<string> => {
        throw new Error('at once');
      },
      (s) => told.push(s),
    );
    await loader.ask('x');
    expect(told.at(-1)).toMatchObject({ error: new Error('at once'), loading: false });
  });

  it('aborts what was asked before, and on disposal, and is silent then', async () => {
    const told: Loaded<string>[] = [];
    const signals: AbortSignal[] = [];
    const loader = latest(
      (id: string, signal) => {
        signals.push(signal);
        return after({})(id);
      },
      (s) => told.push(s),
    );
    void loader.ask('a');
    void loader.ask('b');
    expect(signals.map((s) => s.aborted)).toEqual([true, false]);
    loader.dispose();
    expect(signals.map((s) => s.aborted)).toEqual([true, true]);
    const before = told.length;
    await vi.advanceTimersByTimeAsync(50);
    await loader.ask('c');
    loader.clear();
    expect(told.length).toBe(before);
    expect(signals.length).toBe(2);
  });

  it('clears at once, whatever is still on its way', async () => {
    const told: Loaded<string>[] = [];
    const loader = latest(after({}), (s) => told.push(s));
    void loader.ask('a');
    loader.clear();
    await vi.advanceTimersByTimeAsync(50);
    expect(told.at(-1)).toEqual({ data: null, error: null, loading: false });
  });

  it('tells the answer to the last question for every order in which answers come', async () => {
    // Every permutation of four delays.
    const orders = (list: number[]): number[][] =>
      list.length < 2 ? [list] : list.flatMap((x, i) => orders(list.toSpliced(i, 1)).map((rest) => [x, ...rest]));
    for (const order of orders([10, 20, 30, 40])) {
      const told: Loaded<string>[] = [];
      const loader = latest(
        (i: number) => new Promise<string>((resolve) => setTimeout(() => resolve(`answer ${i}`), order[i])),
        (s) => told.push(s),
      );
      for (let i = 0; i < 4; i += 1) void loader.ask(i);
      await vi.advanceTimersByTimeAsync(100);
      expect(told.filter((s) => s.data !== null).map((s) => s.data)).toEqual(['answer 3']);
    }
  });
});

describe('useLatest', () => {
  it('loads at once, at each change, again on reload, nothing for null, and ends with its scope', async () => {
    const asked: string[] = [];
    const id = ref<string | null>('a');
    const scope = effectScope();
    const { data, loading, reload } = scope.run(() =>
      useLatest(id, (x) => {
        asked.push(x);
        return after({ a: 100, b: 10 })(x);
      }),
    )!;
    expect(loading.value).toBe(true);
    id.value = 'b';
    await nextTick();
    await vi.advanceTimersByTimeAsync(300);
    expect(data.value).toBe('B');
    expect(loading.value).toBe(false);
    void reload();
    await vi.advanceTimersByTimeAsync(20);
    expect(asked).toEqual(['a', 'b', 'b']);
    id.value = null;
    await nextTick();
    expect(data.value).toBeNull();
    id.value = 'a';
    await nextTick();
    scope.stop();
    await vi.advanceTimersByTimeAsync(300);
    expect(data.value).toBeNull();
    expect(asked.length).toBe(4);
  });
});
