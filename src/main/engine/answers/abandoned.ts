import { readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ABANDONED_MS = 24 * 3600_000;

/**
 * Removes folders of temporary files that a process left behind when it was killed: those that nothing was written into for a day.
 * @param prefix of their names. @param ours says which are in use here.
 */
export function sweepAbandoned(prefix: string, ours: (folder: string) => boolean = () => false): void {
  const now = Date.now();
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const folder = join(tmpdir(), name);
    try {
      if (now - statSync(folder).mtimeMs > ABANDONED_MS && !ours(folder))
        rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another account's.
    }
  }
}
