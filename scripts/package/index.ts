/**
 * `npm run package -- --target dir|deb|tar [--out DIR] [--electron DIR] [--fast]`: what people install on Linux, without the network.
 * `--target appimage|dmg|nsis` has electron-builder make those, on the system that they are for and with the network, as it
 * fetches its tools. `--target npm` makes what `npm pack` packs.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { manifestOf } from './app.ts';
import { BUILDER_TARGETS, runBuilder } from './builder.ts';
import { stripEngine } from './engine.ts';
import { makeDeb } from './linux/deb.ts';
import { bytesBelow, linuxFolder } from './linux/folder.ts';
import { makeTar } from './linux/tar.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LINUX = ['dir', 'deb', 'tar'];
const TARGETS = [...LINUX, ...Object.keys(BUILDER_TARGETS), 'npm'];
const say = (line: string): void => void process.stderr.write(`${line}\n`);

function stop(message: string): never {
  say(message);
  process.exit(1);
}

function build(): void {
  const r = spawnSync(process.execPath, [join(ROOT, 'scripts', 'build.ts'), '--if-stale'], { stdio: ['ignore', 2, 2] });
  if (r.status !== 0) stop('The studio could not be built; npm run build says why');
}

async function makeForLinux(
  target: string,
  o: { out: string; electron: string; fast: boolean; arch: string },
): Promise<string> {
  if (process.platform !== 'linux') stop(`--target ${target} is made on Linux`);
  const m = manifestOf(ROOT);
  const name = `covis-${m.version}-linux-${o.arch}`;
  const folder = join(o.out, name);
  await linuxFolder(ROOT, o.electron, folder, o.arch);
  say(`${name}: ${(bytesBelow(folder) / 1e6).toFixed(0)} MB installed`);
  if (target === 'deb') {
    const deb = join(o.out, `covis_${m.version}_${o.arch === 'x64' ? 'amd64' : o.arch}.deb`);
    await makeDeb(ROOT, m, folder, deb, o.arch, o.fast ? 'fast' : 'best');
    return deb;
  }
  return target === 'tar' ? makeTar(folder, o.fast ? 'fast' : 'best') : folder;
}

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: 'dir' },
    out: { type: 'string', default: join(ROOT, 'dist') },
    electron: { type: 'string' },
    fast: { type: 'boolean', default: false },
  },
});
const { target, fast } = values;
if (!TARGETS.includes(target)) stop(`--target is one of ${TARGETS.join(', ')}, not "${target}"`);
const out = resolve(values.out);
const electron = resolve(
  values.electron ?? process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(ROOT, 'node_modules', 'electron', 'dist'),
);
try {
  build();
  if (target === 'npm') say(`${stripEngine(ROOT, join(ROOT, 'out', 'engine'))} files of the engine as JavaScript`);
  else {
    mkdirSync(out, { recursive: true });
    const made = LINUX.includes(target)
      ? await makeForLinux(target, { out, electron, fast, arch: process.arch })
      : await runBuilder(ROOT, out, target);
    process.stdout.write(`${made}\n`);
  }
} catch (error) {
  stop(error instanceof Error ? error.message : String(error));
}
