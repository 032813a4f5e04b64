/** The folder as one archive, for systems without Debian's packages. */
import { spawnSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Compression } from './deb.ts';

/** Packs a folder that `linuxFolder` made; the folder is gone afterwards. @returns the archive */
export function makeTar(folder: string, how: Compression): string {
  const [ending, program] = how === 'fast' ? ['tar.gz', 'gzip -1'] : ['tar.xz', 'xz -6 -T0'];
  const out = `${folder}.${ending}`;
  const r = spawnSync(
    'tar',
    [
      ...['--create', '--file', out, '--use-compress-program', program],
      ...['--sort=name', '--owner=0', '--group=0', '--numeric-owner'],
      ...['--directory', dirname(folder), basename(folder)],
    ],
    { stdio: ['ignore', 2, 2] },
  );
  if (r.status !== 0) throw new Error(`tar ended with ${r.error?.message ?? r.status}`);
  rmSync(folder, { recursive: true, force: true });
  process.stderr.write(`${basename(out)}: ${(statSync(out).size / 1e6).toFixed(1)} MB\n`);
  return out;
}
