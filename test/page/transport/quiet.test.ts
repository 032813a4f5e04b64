import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as transportModule from '../../../src/renderer/transport/index.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

let engine: FakeEngine;
let transport: typeof transportModule;
beforeEach(async () => {
  vi.useFakeTimers();
  engine = fakeEngine();
  transport = await import('../../../src/renderer/transport/index.ts');
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** True once it has resolved. */
function watched(promise: Promise<unknown>): () => boolean {
  let is = false;
  void promise.then(() => (is = true));
  return () => is;
}
const pass = async (ms: number): Promise<void> => {
  await settled();
  await vi.advanceTimersByTimeAsync(ms);
  await settled();
};

describe('what nobody waits for', () => {
  it('goes once all that was asked is answered, and what follows from the answers, too', async () => {
    const { promise: jobs, resolve } = Promise.withResolvers<[]>();
    const { promise: library, resolve: answer } = Promise.withResolvers<null>();
    engine.answers['jobs.list'] = () => jobs as unknown as [];
    engine.answers['library.current'] = () => library as unknown as null;
    void transport.request('jobs.list', {}).then(() => transport.request('library.current', {}));
    const quiet = watched(transport.quiet(3000));
    await pass(500);
    expect(quiet()).toBe(false);
    resolve([]);
    await pass(500);
    expect(quiet()).toBe(false);
    answer(null);
    await pass(20);
    expect(quiet()).toBe(false);
    await pass(60);
    expect(quiet()).toBe(true);
  });

  it('waits no longer than it is told to, and not where nothing is asked or an answer is an error', async () => {
    engine.answers['jobs.list'] = () => new Promise(() => undefined) as unknown as [];
    void transport.request('jobs.list', {});
    const late = watched(transport.quiet(300));
    await pass(299);
    expect(late()).toBe(false);
    await pass(2);
    expect(late()).toBe(true);
    engine = fakeEngine();
    vi.resetModules();
    transport = await import('../../../src/renderer/transport/index.ts');
    const at = watched(transport.quiet(3000));
    await pass(60);
    expect(at()).toBe(true);
    engine.answers['jobs.list'] = () => {
      throw new Error('no');
    };
    void transport.request('jobs.list', {}).catch(() => undefined);
    const failed = watched(transport.quiet(3000));
    await pass(60);
    expect(failed()).toBe(true);
  });
});
