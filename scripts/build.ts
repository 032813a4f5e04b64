/** Builds the desktop's main process, the preload bridge and the renderer into out/. With --if-stale, only when a source is newer. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = [
  'src/main/desktop',
  'src/preload',
  'src/renderer',
  'src/shared',
  'electron.vite.config.ts',
  'package.json',
];
const OUTPUTS = ['out/main/index.js', 'out/preload/index.cjs', 'out/renderer/index.html'];

function newest(path: string): number {
  const s = statSync(path);
  if (!s.isDirectory()) return s.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((f) => newest(join(path, f))));
}

function stale(): boolean {
  if (!OUTPUTS.every((f) => existsSync(join(ROOT, f)))) return true;
  const built = Math.min(...OUTPUTS.map((f) => statSync(join(ROOT, f)).mtimeMs));
  return SOURCES.some((s) => newest(join(ROOT, s)) > built);
}

if (!process.argv.includes('--if-stale') || stale()) {
  process.stderr.write('Building the studio\n');
  const r = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js'), 'build', '--logLevel', 'warn'],
    {
      cwd: ROOT,
      stdio: ['ignore', 2, 2],
      env: { ...process.env, ELECTRON_SKIP_BINARY_DOWNLOAD: '1' },
    },
  );
  process.exitCode = r.status ?? 1;
}
