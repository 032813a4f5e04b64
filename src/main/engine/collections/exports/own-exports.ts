/** Whether a folder is an export of Covis and nothing else: only that may be replaced. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { isSystemName } from '../../library/photo-kinds.ts';
import { RECORD } from './names.ts';

const TAGS = ['manifest-sha256.txt', 'tagmanifest-sha256.txt'];
const MOST_BYTES = 1 << 30;

/** True where every file of a folder stands in its own manifests, and it has the record of a collection. */
export function looksOwn(folder: string): boolean {
  if (![RECORD, `data/${RECORD}`].some((f) => existsSync(join(folder, f)))) return false;
  const listed = new Set(TAGS);
  try {
    for (const tag of TAGS) {
      const file = join(folder, tag);
      if (!existsSync(file) || statSync(file).size > MOST_BYTES) continue;
      for (const line of readFileSync(file, 'utf8').split('\n')) listed.add(line.slice(66));
    }
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((e) => !e.isDirectory())
      .every(
        (e) => isSystemName(e.name) || listed.has(relative(folder, join(e.parentPath, e.name)).split(sep).join('/')),
      );
  } catch {
    // What may not be read may be anything.
    return false;
  }
}
