/**
 * `npm run demo [-- PATH...] [--no-open] [--library DIR]`: the whole loop on the embedded sample, or on the user's COLMAP
 * projects, then the studio on the result.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { electronBinary } from '../src/main/cli/commands/studio.ts';

const ROOT = join(import.meta.dirname, '..');
const FLAGS_WITH_VALUE = new Set(['--library', '--epochs', '--seed', '--network', '--size', '--tuples']);

function covis(args: readonly string[]): number {
  const r = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(ROOT, 'src', 'main', 'cli', 'index.ts'), ...args],
    {
      stdio: 'inherit',
    },
  );
  return r.status ?? 1;
}

// In two minutes on two cores: with the small network, unless another is named.
process.env['COVIS_NETWORK'] ??= 'tiny';

const sources: string[] = [];
const passed: string[] = [];
let open = true;
let library = join(ROOT, 'demo-library');
const args = process.argv.slice(2);
for (let i = 0; i < args.length; i += 1) {
  const a = args[i]!;
  if (a === '--no-open') open = false;
  else if (a === '--library') library = resolve(args[(i += 1)] ?? '');
  else if (FLAGS_WITH_VALUE.has(a)) passed.push(a, args[(i += 1)] ?? '');
  else if (a.startsWith('--')) passed.push(a);
  else sources.push(a);
}
if (sources.length === 0) sources.push(join(ROOT, 'resources', 'sample'));
// The demo's own library is made anew; one that the user names is kept and added to.
if (library === join(ROOT, 'demo-library') && existsSync(join(library, 'library.db')))
  rmSync(library, { recursive: true, force: true });

const ran = covis(['run', ...sources, '--library', library, ...passed]);
if (ran !== 0 || !open) process.exit(ran);
const electron = electronBinary();
if ('path' in electron) process.exit(covis(['open', library]));
process.stderr.write(`Serving the studio in a browser instead of a window: ${electron.missing}.\n`);
process.exit(covis(['serve', library]));
