/** Priority for a measurement beside other work. */
import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

const EVERY_MS = 50;
/** Children are looked for at every so many times. */
const LOOK = 6;
const FIRST = -19;

/** Processes below this one, whatever started them. */
function below(): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It has ended meanwhile.
    }
  }
  const found: number[] = [];
  for (const queue = [process.pid]; queue.length > 0;)
    for (const child of children.get(queue.pop()!) ?? []) {
      found.push(child);
      queue.push(child);
    }
  return found;
}

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
