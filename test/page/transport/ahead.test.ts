import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RouteLocation } from 'vue-router';
import { REPEATS } from '../../../src/renderer/transport/repeats.ts';
import type * as transportModule from '../../../src/renderer/transport/index.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

let engine: FakeEngine;
let transport: typeof transportModule;
let clusters: number;
beforeEach(async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  localStorage.clear();
  clusters = 0;
  engine = fakeEngine({ 'clusters.list': () => Array.from({ length: (clusters += 1) }, () => ({})) as never });
  transport = await import('../../../src/renderer/transport/index.ts');
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const FIRST = { limit: 60 };
const asked = (): number => engine.asked.length;
const ahead = (): void => void transport.askAhead('clusters.list', FIRST).catch(() => undefined);

describe('what was asked before there was anyone to ask it', () => {
  it('is answered once from that, and then asked anew', async () => {
    ahead();
    await settled();
    expect(asked()).toBe(1);
    expect(await transport.request('clusters.list', FIRST)).toHaveLength(1);
    expect(asked()).toBe(1);
    expect(await transport.request('clusters.list', FIRST)).toHaveLength(2);
  });

  it('is waited for where its answer has not come', async () => {
    ahead();
    expect(await transport.request('clusters.list', FIRST)).toHaveLength(1);
    expect(asked()).toBe(1);
  });

  it('is for those who ask the very same', async () => {
    ahead();
    expect(await transport.request('clusters.list', { limit: 61 })).toHaveLength(2);
  });

  it('is asked anew where something has changed since', async () => {
    ahead();
    await settled();
    engine.say({ event: 'changed', what: 'clusters' });
    expect(await transport.request('clusters.list', FIRST)).toHaveLength(2);
  });

  it('is asked anew where the page itself did something that is done once', async () => {
    engine.answers['jobs.cancel'] = () => null;
    ahead();
    await settled();
    const done = transport.request('jobs.cancel', { id: 1 });
    expect(await transport.request('clusters.list', FIRST)).toHaveLength(2);
    await done;
  });

  it('is asked anew some seconds later', async () => {
    ahead();
    await settled();
    await vi.advanceTimersByTimeAsync(3000);
    expect(await transport.request('clusters.list', FIRST)).toHaveLength(2);
  });

  it('is asked anew where the connection was lost before the answer', async () => {
    engine.answers['clusters.list'] = () => {
      engine.cut();
      return [];
    };
    ahead();
    const answer = transport.request('clusters.list', FIRST);
    await settled();
    engine.answers['clusters.list'] = () => [{}, {}, {}] as never;
    await vi.advanceTimersByTimeAsync(1000);
    engine.accept();
    await settled();
    expect(await answer).toHaveLength(3);
  });

  it('gives its refusal to who asks', async () => {
    engine.answers = {};
    ahead();
    await settled();
    await expect(transport.request('clusters.list', FIRST)).rejects.toThrow('no answer to clusters.list');
  });
});

it('views ask ahead only what may be asked twice, and for that which they will show', async () => {
  const { VIEWS } = await import('../../../src/renderer/views/index.ts');
  const { libraryAhead } = await import('../../../src/renderer/stores/library.ts');
  const asked: [route: string, params: unknown][] = [];
  const answers: Readonly<Record<string, unknown>> = {
    'library.current': { defaults: [{ takes: 'photos', network: 'b' }], networks: [{ id: 'a' }, { id: 'b' }] },
    'sets.list': [
      { key: 'of a', network: 'a' },
      { key: 'regions of b', network: 'b', regional: true },
      { key: 'of b', network: 'b' },
    ],
    'collections.list': [{ id: 'k', name: 'Castles', items: 3 }],
    'tuples.runs': [{ id: 3 }, { id: 4 }],
    'tuples.open': { list: 'l1', total: 500 },
  };
  const ask = ((route: string, params: unknown) => {
    asked.push([route, params]);
    return Promise.resolve(answers[route]);
  }) as transportModule.AskAhead;
  await libraryAhead(ask);
  const to = (name: string, params: object, query: object): RouteLocation =>
    ({ name, params, query }) as unknown as RouteLocation;
  for (const v of VIEWS)
    for (const query of [
      {},
      { photo: 'p', k: '7', part: 'teach', compare: '3', sort: 'hardest', filter: '{"cluster":"c"}' },
    ])
      await v.ahead?.(ask, to(v.name, { id: 'k', run: '4', index: '120' }, query));
  expect(new Set(asked.map(([route]) => route)).size).toBeGreaterThan(5);
  for (const [route] of asked) expect([route, REPEATS[route as keyof typeof REPEATS]]).toEqual([route, 'safe']);
  const last = (route: string): unknown => asked.findLast(([r]) => r === route)?.[1];
  expect(last('map.points')).toEqual({ set: 'of b' });
  expect(last('exemplars.next')).toEqual({
    exemplars: { collection: 'Castles' },
    set: 'of b',
    by: 'uncertainty',
    n: 20,
  });
  expect(last('manifold.around')).toEqual({ photo: 'p', set: 'of b', k: 7 });
  expect(last('tuples.compare')).toEqual({ a: 3, b: 4 });
  expect(last('tuples.open')).toEqual({ run: 4, filter: { cluster: 'c' }, sort: 'hardest' });
  expect(last('tuples.page')).toEqual({ list: 'l1', from: 100, limit: 50 });
});
