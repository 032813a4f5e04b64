import { defineStore } from 'pinia';
import { shallowRef } from 'vue';
import type { Measured } from '../../shared/facts/jobs.ts';
import { onEvent } from '../transport/index.ts';

/** Points of a run that are kept; beyond, every second goes. */
const MOST = 400;

/** A curve with one more point. What a run that was taken up again goes through once more takes the place of what was there. */
export function withPoint(
  points: readonly (readonly [number, number])[],
  [x, y]: readonly [number, number],
): readonly (readonly [number, number])[] {
  const last = points.at(-1);
  const before = last !== undefined && last[0] >= x ? points.filter((p) => p[0] < x) : points;
  const kept = before.length < MOST ? before : before.filter((_, i) => i % 2 === before.length % 2);
  return [...kept, [x, y]];
}

/** The loss of training runs within their epochs, as far as this page has seen it. */
export const useLive = defineStore('live', () => {
  const loss = shallowRef<ReadonlyMap<number, readonly (readonly [number, number])[]>>(new Map());

  function note({ run, at, loss: value }: Measured): void {
    const next = new Map(loss.value);
    next.set(run, withPoint(next.get(run) ?? [], [at, value]));
    loss.value = next;
  }
  function listen(): () => void {
    return onEvent((e) => {
      if (e.event === 'progress' && e.progress.measured !== undefined) note(e.progress.measured);
      // Runs of another library have the same numbers.
      if (e.event === 'engine' && e.state === 'ready') loss.value = new Map();
    });
  }
  return { loss, note, listen };
});
