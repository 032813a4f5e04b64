import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as transportModule from '../../../src/renderer/transport/index.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

let engine: FakeEngine;
let transport: typeof transportModule;
beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  engine = fakeEngine();
  transport = await import('../../../src/renderer/transport/index.ts');
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const asked = (route: string): number => engine.asked.filter((a) => a.route === route).length;
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'answered',
    (e: unknown) => (e as { code: string }).code,
  );
/** The engine hears what it is asked and cuts the connection before it answers. */
function cutsAt(route: 'jobs.list' | 'jobs.cancel'): void {
  (engine.answers as Record<string, unknown>)[route] = () => {
    engine.cut();
    return [];
  };
}

describe('a request over a connection that is lost', () => {
  it('that may be asked twice is asked again when it is back', async () => {
    cutsAt('jobs.list');
    const answer = transport.request('jobs.list', {});
    await settled();
    expect(asked('jobs.list')).toBe(1);
    engine.answers['jobs.list'] = () => [];
    await vi.advanceTimersByTimeAsync(1000);
    engine.accept();
    await settled();
    expect(await answer).toEqual([]);
    expect(asked('jobs.list')).toBe(2);
  });

  it('that may be asked twice fails with a code after ten seconds', async () => {
    cutsAt('jobs.list');
    const answer = code(transport.request('jobs.list', {}));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await answer).toBe('ENGINE_EXITED');
    const later = code(transport.request('jobs.list', {}));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await later).toBe('ENGINE_EXITED');
  });

  it('that may not be asked twice fails at once and is not asked again', async () => {
    cutsAt('jobs.cancel');
    expect(await code(transport.request('jobs.cancel', { id: 1 }))).toBe('ENGINE_EXITED');
    await vi.advanceTimersByTimeAsync(1000);
    engine.accept();
    await settled();
    expect(asked('jobs.cancel')).toBe(1);
  });

  it('that was answered before is answered as it was, until the connection is back', async () => {
    engine.answers['clusters.list'] = () => [];
    const first = await transport.request('clusters.list', {});
    engine.cut();
    await settled();
    expect(await transport.request('clusters.list', {})).toBe(first);
    expect(asked('clusters.list')).toBe(1);
    await vi.advanceTimersByTimeAsync(1000);
    engine.accept();
    await settled();
    await transport.request('clusters.list', {});
    expect(asked('clusters.list')).toBe(2);
    // Of another library nothing is answered.
    engine.say({ event: 'changed', what: 'library' });
    engine.cut();
    await settled();
    const other = code(transport.request('clusters.list', {}));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await other).toBe('ENGINE_EXITED');
  });
});

describe('the key', () => {
  const KEYS = { key: 'a'.repeat(48), photos: 'b'.repeat(48) };

  it('is taken for the word behind the # of the address, kept in the storage, and leaves the address', async () => {
    const sent: unknown[] = [];
    vi.stubGlobal('fetch', (...args: unknown[]) => {
      sent.push(args);
      return Promise.resolve(new Response(JSON.stringify(KEYS)));
    });
    location.hash = '#enter=word123';
    await transport.enter();
    expect(sent).toEqual([['/enter', { method: 'POST', body: 'word123' }]]);
    expect(location.hash).toBe('');
    expect(JSON.parse(localStorage.getItem('covis-keys')!)).toEqual(KEYS);
    expect(transport.assetUrl('photo/x?s=1')).toBe(`/${KEYS.photos}/asset/photo/x?s=1`);
    await transport.enter();
    expect(sent).toHaveLength(1);
  });

  it('of another tab is taken over; a storage that holds none, or something else, is no key', () => {
    const store = (value: string | null): void => {
      if (value === null) localStorage.removeItem('covis-keys');
      else localStorage.setItem('covis-keys', value);
      dispatchEvent(new StorageEvent('storage', { key: 'covis-keys' }));
    };
    expect(transport.assetUrl('a')).toBe('/asset/a');
    store(JSON.stringify(KEYS));
    expect(transport.assetUrl('a')).toBe(`/${KEYS.photos}/asset/a`);
    for (const none of [null, '', '{}', '[', 'null', JSON.stringify({ ...KEYS, photos: '../x' })]) {
      store(none);
      expect(transport.assetUrl('a'), String(none)).toBe('/asset/a');
    }
  });
});
