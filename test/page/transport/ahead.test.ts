import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { REPEATS } from '../../../src/renderer/transport/repeats.ts';
import type * as transportModule from '../../../src/renderer/transport/index.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

let engine: FakeEngine;
let transport: typeof transportModule;
let clusters: number;
beforeEach(async () => {
  vi.useFakeTimers();
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
const ahead = (): void => transport.askAhead([transport.question('clusters.list', FIRST)]);

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

it('views ask ahead only what may be asked twice', async () => {
  const { VIEWS } = await import('../../../src/renderer/views/index.ts');
  const { OPENING } = await import('../../../src/renderer/stores/library.ts');
  const questions = [
    ...OPENING,
    ...VIEWS.flatMap((v) => [...(v.asks?.({}) ?? []), ...(v.asks?.({ photo: 'p' }) ?? [])]),
  ];
  expect(new Set(questions.map((q) => q.route)).size).toBeGreaterThan(4);
  for (const q of questions) expect([q.route, REPEATS[q.route]]).toEqual([q.route, 'safe']);
});
