import { signature, type Fault, type Sandbox } from './attempt.ts';
import type { Files, FuzzTarget, Seed } from './target.ts';

const MOST_ATTEMPTS = 150;
const MOST_MS = 8000;

/**
 * A smaller input with the same fault: files as they are in a seed wherever that does, then blocks taken out of the others, by halves
 * of what was taken before. It is not the smallest.
 */
export async function shrunk(
  sandbox: Pick<Sandbox, 'attempt'>,
  target: FuzzTarget,
  files: Files,
  seeds: readonly Seed[],
  fault: Fault,
): Promise<Files> {
  const wanted = signature(fault);
  const until = performance.now() + MOST_MS;
  let attempts = 0;
  let best = files;
  const holds = async (next: Files): Promise<boolean> => {
    if ((attempts += 1) > MOST_ATTEMPTS || performance.now() > until) return false;
    const outcome = await sandbox.attempt(target, next);
    return 'fault' in outcome && signature(outcome.fault) === wanted;
  };
  const own = seeds.find((s) => [...s.files.keys()].every((f) => files.has(f)));
  for (const [name, bytes] of own?.files ?? []) {
    if (best.get(name) === bytes) continue;
    const next = new Map(best).set(name, bytes);
    if (await holds(next)) best = next;
  }
  for (const name of best.keys()) {
    if (own?.files.get(name) === best.get(name)) continue;
    for (let size = Math.ceil(best.get(name)!.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let start = 0; start < best.get(name)!.length;) {
        if (attempts > MOST_ATTEMPTS) return best;
        const bytes = Buffer.from(best.get(name)!);
        const next = new Map(best).set(name, Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + size)]));
        if (await holds(next)) best = next;
        else start += size;
      }
    }
  }
  return best;
}
