/** Covis as a folder that runs from anywhere: Electron's files with the app in them, and the command line beside. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { nodePackage } from '../../engine-node.mjs';
import { makeApp } from '../app.ts';
import { iconPng } from '../icons.ts';

/** What Chromium itself says, as in the menus of text fields; Covis speaks English. */
const LOCALES = new Set(['en-US.pak', 'en-GB.pak']);
const NOT_SHIPPED = new Set(['electron', 'resources', 'locales']);

/** `covis` of a folder that may lie anywhere, and be called through a link. */
export function launcher(nodeFile: string): string {
  return `#!/bin/sh
# The command line of Covis, on the Node that comes with it.
here=$(dirname -- "$(readlink -f -- "$0")")
exec "$here/resources/app/node_modules/${nodeFile}" "$here/resources/app/bin/covis.mjs" "$@"
`;
}

/** Size in bytes of all files below a folder. */
export function bytesBelow(folder: string): number {
  let bytes = 0;
  for (const f of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (f.isFile()) bytes += statSync(join(f.parentPath, f.name)).size;
  return bytes;
}

/**
 * @param electron folder of Electron for Linux
 * @param out is made anew
 */
export async function linuxFolder(root: string, electron: string, out: string, arch: string): Promise<void> {
  const node = nodePackage('linux', arch);
  if (node === undefined) throw new Error(`There is no Node for linux-${arch}`);
  if (!existsSync(join(electron, 'electron')))
    throw new Error(
      `Electron's binary is not in ${electron}. npx install-electron fetches it, or ELECTRON_OVERRIDE_DIST_PATH names a folder that has it.`,
    );
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, 'locales'), { recursive: true });
  for (const name of readdirSync(electron))
    if (!NOT_SHIPPED.has(name)) cpSync(join(electron, name), join(out, name), { recursive: true });
  for (const name of readdirSync(join(electron, 'locales')))
    if (LOCALES.has(name)) cpSync(join(electron, 'locales', name), join(out, 'locales', name));
  cpSync(join(electron, 'electron'), join(out, 'covis-studio'));
  // Electron's archive calls it so; beside it stands Covis's own.
  if (existsSync(join(out, 'LICENSE'))) renameSync(join(out, 'LICENSE'), join(out, 'LICENSE.electron.txt'));
  makeApp(root, join(out, 'resources', 'app'), { os: 'linux', cpu: arch });
  for (const name of ['LICENSE', 'THIRD_PARTY_NOTICES.md']) cpSync(join(root, name), join(out, name));
  cpSync(join(import.meta.dirname, 'covis.apparmor'), join(out, 'resources', 'covis.apparmor'));
  writeFileSync(join(out, 'covis.png'), await iconPng(root, 512));
  writeFileSync(join(out, 'covis'), launcher(`${node.name}/${node.file}`));
  // Whoever made the folder: all may read it, none need write to it.
  for (const f of readdirSync(out, { recursive: true, withFileTypes: true })) {
    const path = join(f.parentPath, f.name);
    chmodSync(path, f.isDirectory() || isProgram(path) ? 0o755 : 0o644);
  }
  chmodSync(out, 0o755);
}

/** What the system starts: by its first bytes, scripts and ELF programs that are no libraries. */
function isProgram(path: string): boolean {
  if (/\.(node|so(\.\d+)*|c?js|mjs|wasm)$/.test(path)) return false;
  const start = readFileSync(path).subarray(0, 4).toString('latin1');
  return start.startsWith('#!') || start === '\x7fELF';
}
