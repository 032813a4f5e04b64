import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inputOf } from './input.ts';
import { allSeeds } from './seeds.ts';
import { targetOf } from './targets/index.ts';

/** An input made anew, without reading it: the child that read it is dead. Base64 by name. */
export async function made(
  name: string,
  seed: number,
  index: number,
  more?: string,
): Promise<Readonly<Record<string, string>>> {
  const target = await targetOf(name);
  const room = mkdtempSync(join(tmpdir(), 'covis-fuzz-seeds-'));
  try {
    const files = inputOf(target, await allSeeds(target, room, more), seed, index);
    return Object.fromEntries([...files].map(([f, bytes]) => [f, Buffer.from(bytes).toString('base64')]));
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
}
