import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ComparedQuery } from '../../../src/shared/facts/measurements.ts';
import type { ManifoldView } from '../../../src/shared/domain.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

const TOTAL = 950;
let engine: FakeEngine;
beforeEach(() => {
  vi.useFakeTimers();
  engine = fakeEngine();
});
afterEach(() => vi.useRealTimers());

describe('queries of a measurement', () => {
  const query = (order: string, index: number): ComparedQuery => ({
    ...{ query: `${order} ${index}`, index, ap: 0.5, positives: 1, found: 1, first: 1, other: null },
  });
  const pages = (): string[] =>
    engine.asked
      .filter((a) => a.route === 'measurements.queries')
      .map(({ params }) => {
        const { order, from } = params as { order: string; from: number };
        return `${order} ${from}`;
      });

  async function queries() {
    const { effectScope, reactive } = await import('vue');
    const { useQueries } = await import('../../../src/renderer/views/measure/use-queries.ts');
    engine.answers['measurements.queries'] = ({ order, from, limit }) => ({
      ...{ total: TOTAL, wins: 3, losses: 2 },
      queries: Array.from({ length: Math.max(0, Math.min(limit, TOTAL - from)) }, (_, i) => query(order, from + i)),
    });
    const asked = reactive<{ order: 'worst' | 'best' }>({ order: 'worst' });
    const scope = effectScope();
    const of = scope.run(() => useQueries(() => ({ id: 1, order: asked.order })))!;
    await settled();
    return { of, asked, scope };
  }

  it('are fetched where they are looked at, and no page twice', async () => {
    const { of, scope } = await queries();
    expect([of.total.value, of.wins.value, of.losses.value]).toEqual([TOTAL, 3, 2]);
    expect(of.at(7)?.query).toBe('worst 7');
    expect(of.at(907)).toBeUndefined();
    of.want(890, 920);
    of.want(890, 920);
    await settled();
    await settled();
    expect(of.at(907)?.query).toBe('worst 907');
    expect(pages()).toEqual(['worst 0', 'worst 800', 'worst 900']);
    scope.stop();
  });

  it('what was scrolled past before its turn is not asked for', async () => {
    const { of, scope } = await queries();
    for (let row = 100; row < TOTAL; row += 10) of.want(row, row + 10);
    await settled();
    await settled();
    expect(pages()).toEqual(['worst 0', 'worst 100', 'worst 900']);
    scope.stop();
  });

  it('those of another order take the place of what was shown once they are there', async () => {
    const { of, asked, scope } = await queries();
    const answer = engine.answers['measurements.queries']!;
    const gate = Promise.withResolvers<undefined>();
    engine.answers['measurements.queries'] = async (params) => (await gate.promise, answer(params));
    asked.order = 'best';
    await settled();
    expect(pages()).toEqual(['worst 0', 'best 0']);
    expect(of.at(0)?.query).toBe('worst 0');
    gate.resolve(undefined);
    await settled();
    expect(of.at(0)?.query).toBe('best 0');
    of.want(0, 20);
    await settled();
    expect(pages()).toEqual(['worst 0', 'best 0']);
    scope.stop();
  });
});

describe('the graph that a view waits for', () => {
  const part = { set: 's', parameters: { k: 30 }, part: { photos: 300, of: 1000 } } as unknown as ManifoldView;
  const all = { ...part, part: null } as ManifoldView;

  async function waiting(whole: () => Promise<ManifoldView>) {
    const { effectScope, shallowRef } = await import('vue');
    const { useWhole } = await import('../../../src/renderer/views/manifold/use-whole.ts');
    engine.answers['manifold.graph'] = () => ({ done: 1000, of: 1000, ready: true });
    const view = shallowRef<ManifoldView | null>(part);
    const scope = effectScope();
    const { reasons } = scope.run(() => useWhole(view, async () => void (view.value = await whole())))!;
    const look = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i += 1) {
        await settled();
        await vi.advanceTimersByTimeAsync(1000);
      }
    };
    return { view, reasons, look, scope };
  }

  it('is loaded again where loading it failed; until then the part is shown, and nothing is said', async () => {
    let failures = 2;
    const { view, reasons, look, scope } = await waiting(() =>
      failures-- > 0 ? Promise.reject(new Error('cut')) : Promise.resolve(all),
    );
    await look(1);
    expect([view.value, reasons.value]).toEqual([part, null]);
    await look(4);
    expect([view.value, reasons.value]).toEqual([all, null]);
    scope.stop();
  });

  it('is given up after a few times, and the reason is said', async () => {
    let times = 0;
    const { reasons, look, scope } = await waiting(() => {
      times += 1;
      return Promise.reject(new Error('gone'));
    });
    await look(12);
    expect(times).toBe(5);
    expect(String(reasons.value)).toContain('gone');
    scope.stop();
  });
});
