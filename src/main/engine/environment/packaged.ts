import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { resourcePath } from './resources.ts';

/** The desktop's program where Covis was installed as a package, which holds the engine's folder; undefined elsewhere. */
export function packagedStudio(root = join(resourcePath(), '..')): string | undefined {
  const above = join(root, '..', '..');
  const path =
    process.platform === 'darwin'
      ? join(above, 'MacOS', 'Covis')
      : join(above, process.platform === 'win32' ? 'covis-studio.exe' : 'covis-studio');
  return basename(join(root, '..')).toLowerCase() === 'resources' && existsSync(path) ? path : undefined;
}
