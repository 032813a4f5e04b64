/** The processes that a measurement started. Linux. */
import { readdirSync, readFileSync } from 'node:fs';

/** Processor time is counted in hundredths of a second. */
const TICK_MS = 10;
const LOOK_MS = 200;
/** Processes that use less than this part of one core have nothing to do. */
const REST = 0.1;
const QUIET_LOOKS = 3;
const LONGEST_MS = 10_000;

/** What /proc says of a process: its parent, and milliseconds of the processor that it had. Null of one that has ended. */
function stat(pid: string | number): { readonly parent: number; readonly computed: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), computed: TICK_MS * (Number(fields[11]) + Number(fields[12])) };
  } catch {
    return null;
  }
}

/** Processes below this one, whatever started them. */
export function below(): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? stat(name)?.parent : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
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
 * Waits until the processes below this one have nothing to do, ten seconds at most: a browser that was just started, and every window of it,
 * makes pages of its own ready beside the first one, which is no work of what is measured.
 */
export async function atRest(): Promise<void> {
  const ends = performance.now() + LONGEST_MS;
  let [before, quiet] = [computed(), 0];
  while (quiet < QUIET_LOOKS && performance.now() < ends) {
    const began = performance.now();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const now = computed();
    const used = [...now].reduce((sum, [pid, t]) => sum + t - (before.get(pid) ?? 0), 0);
    quiet = used <= REST * (performance.now() - began) ? quiet + 1 : 0;
    before = now;
  }
}

const computed = (): Map<number, number> => new Map(below().map((pid) => [pid, stat(pid)?.computed ?? 0]));
