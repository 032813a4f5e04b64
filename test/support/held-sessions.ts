import { vi } from 'vitest';
import { Runner } from '../../src/main/engine/network/runtime.ts';
import { DiffusionPool } from '../../src/main/engine/retrieval/diffusion-pool.ts';

/** Counts networks that were made ready to run and pools of threads, and those of them that were given back. Call `stop` when done. */
export function heldSessions(): {
  made: () => number;
  held: () => { runners: number; pools: number };
  stop: () => void;
} {
  const [runners, pools] = [vi.spyOn(Runner, 'create'), vi.spyOn(DiffusionPool, 'create')];
  const released = vi.spyOn(Runner.prototype, 'release');
  const closed = vi.spyOn(DiffusionPool.prototype, 'close');
  return {
    made: () => runners.mock.calls.length,
    held: () => ({
      runners: runners.mock.calls.length - released.mock.calls.length,
      pools: pools.mock.calls.length - closed.mock.calls.length,
    }),
    stop: () => {
      for (const spy of [runners, pools, released, closed]) spy.mockRestore();
    },
  };
}
