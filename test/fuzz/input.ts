import { createHash } from 'node:crypto';
import { random } from '../../src/main/engine/library/random.ts';
import { pick } from './mutators/bytes.ts';
import { mutate } from './mutators/index.ts';
import type { Files, FuzzTarget, Seed } from './target.ts';

/** The input that follows from a reader, a seed and a number, whatever came before it. */
export function inputOf(
  target: Pick<FuzzTarget, 'name' | 'mutates'>,
  seeds: readonly Seed[],
  seed: number,
  index: number,
): Files {
  const digest = createHash('sha256').update(`${target.name} ${seed} ${index}`).digest();
  const r = random(digest.readUInt32LE(0));
  const own = pick(r, seeds);
  const files = new Map(own.files);
  const names = [...files.keys()].filter((f) => target.mutates?.(f) ?? true);
  do {
    const name = pick(r, names);
    const from = pick(r, seeds);
    const other = from.files.get(name) ?? pick(r, [...from.files.values()]);
    // A file that is not there, rarely.
    if (names.length > 1 && r.next() < 0.01) files.delete(name);
    else files.set(name, mutate(r, name, files.get(name) ?? Buffer.alloc(0), other));
  } while (r.next() < 0.15);
  return files;
}
