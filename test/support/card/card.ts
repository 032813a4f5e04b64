/** A card that can be broken, over Mesa's rasteriser. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';

const DRIVERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'];

/** The library of Mesa's rasteriser, as its manifest names it. */
function rasteriser(): string | undefined {
  for (const folder of DRIVERS.filter((f) => existsSync(f)))
    for (const name of readdirSync(folder).filter((n) => /^lvp_icd.*\.json$/.test(n))) {
      const { ICD } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { ICD: { library_path: string } };
      // One without a folder is found by the system's linker.
      return isAbsolute(ICD.library_path) || !ICD.library_path.includes('/')
        ? ICD.library_path
        : resolve(folder, ICD.library_path);
    }
  return undefined;
}

/**
 * Compiles its driver into a folder.
 * @returns what a process needs in its environment to see that card alone; undefined without Linux, a C compiler or the rasteriser.
 */
export function breakableCard(folder: string): NodeJS.ProcessEnv | undefined {
  const driver = process.platform === 'linux' ? rasteriser() : undefined;
  if (driver === undefined) return undefined;
  const library = join(folder, 'card.so');
  const made = spawnSync('cc', ['-shared', '-fPIC', '-o', library, join(import.meta.dirname, 'card.c'), '-ldl']);
  if (made.status !== 0) return undefined;
  const manifest = join(folder, 'card.json');
  writeFileSync(
    manifest,
    JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.3.0' } }),
  );
  return { VK_ICD_FILENAMES: manifest, VK_DRIVER_FILES: manifest, CARD_DRIVER: driver, CARD_NAME: 'Breakable card' };
}
