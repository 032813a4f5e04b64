import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { PlanStatus } from '../../shared/facts/plans.ts';
import type { Executor } from '../../shared/facts/planned.ts';
import { toErrorShape } from '../../shared/errors.ts';
import { onEvent, request } from '../transport/index.ts';
import { useLibrary } from './library.ts';
import { useNotices } from './notices.ts';

const LOOK_MS = 4000;
/** States that change without anybody here. */
const LOOKED_AT: ReadonlySet<PlanStatus['state']> = new Set(['open', 'running', 'ready']);

type Act = 'plans.retry' | 'plans.cancel' | 'plans.collect' | 'plans.forget';

/** Plans of the open library: work in shards, which others do. */
export const usePlans = defineStore('plans', () => {
  const plans = ref<readonly PlanStatus[]>([]);
  const executors = ref<readonly Executor[]>(['local']);
  /** Plans that a person has said something about, which is not seen yet. */
  const told = ref<ReadonlySet<string>>(new Set());

  async function refresh(): Promise<void> {
    try {
      const now = await request('plans.list', {});
      const before = new Map(plans.value.map((p) => [p.uid, p.state]));
      // Who collects outside the studio changes the library, too.
      const taken = now.plans.some(
        (p) => p.state === 'collected' && (before.get(p.uid) ?? 'collected') !== 'collected',
      );
      plans.value = now.plans;
      executors.value = now.executors;
      told.value = new Set();
      if (taken) await useLibrary().refresh();
    } catch (error) {
      if (toErrorShape(error).code === 'STATE_EMPTY') plans.value = [];
      else useNotices().error(error);
    }
  }

  /** Something was said of a plan, which is seen the next time one looks. */
  function expect(uid: string): void {
    told.value = new Set([...told.value, uid]);
  }

  async function act(route: Act, uid: string): Promise<void> {
    expect(uid);
    try {
      await request(route, { uid });
    } catch (error) {
      useNotices().error(error);
    }
    if (route === 'plans.forget') await refresh();
  }

  /** Looks again while something may change, and at once when something did. */
  function listen(): () => void {
    const look = (): void => {
      if (plans.value.some((p) => LOOKED_AT.has(p.state)) || told.value.size > 0) void refresh();
    };
    const timer = setInterval(look, LOOK_MS);
    const stop = onEvent((e) => {
      if (e.event === 'changed' && (e.what === 'plans' || e.what === 'library')) void refresh();
      else if (e.event === 'engine' && e.state === 'ready') void refresh();
    });
    return () => {
      clearInterval(timer);
      stop();
    };
  }

  return { plans, executors, told, expect, refresh, act, listen };
});
