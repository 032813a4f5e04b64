import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { seed, type Files, type FuzzTarget, type Seed } from './target.ts';

/** Larger ones slow everything down and find nothing more. */
const LARGEST_SEED = 64 << 10;
const MOST_SEEDS = 40;

/** Files of a folder and below by name, of at most so many bytes. */
export function filesOf(folder: string, most = Infinity): Files {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath, e.name))
    .filter((f) => statSync(f).size <= most);
  return new Map(names.sort().map((f) => [f.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(f)]));
}

/** A target's own seeds, and those of a person's folder that it takes. */
export async function allSeeds(target: FuzzTarget, room: string, folder?: string): Promise<Seed[]> {
  const own = await target.seeds(room);
  if (folder === undefined || target.takes === undefined) return own;
  const more = [...filesOf(folder, LARGEST_SEED)]
    .filter(([name]) => target.takes?.(name) === true)
    .slice(0, MOST_SEEDS);
  return [...own, ...more.map(([name, bytes]) => seed(name, { [name.split('/').at(-1)!]: bytes }))];
}
