/** Priority for a measurement beside other work. */
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { below } from './processes.ts';

const EVERY_MS = 50;
/** Children are looked for at every so many times. */
const LOOK = 6;
const FIRST = -19;

/**
 * Keeps every thread of every process that this one started before all others of the machine: Chromium gives its pages a priority of their
 * own, whatever it was started with. Where that is not permitted, nothing happens. Linux. @returns what ends it.
 */
export function favoured(): () => void {
  let known: number[] = [];
  let turn = 0;
  const timer = setInterval(() => {
    if (turn % LOOK === 0) known = below();
    turn += 1;
    for (const process of known)
      try {
        for (const thread of readdirSync(`/proc/${process}/task`)) setPriority(Number(thread), FIRST);
      } catch {
        // It has ended, or this is not permitted.
      }
  }, EVERY_MS);
  return () => clearInterval(timer);
}
