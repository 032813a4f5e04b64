/**
 * AppImage, dmg and NSIS by electron-builder. It is fetched when it is asked for, not installed with Covis: 280 packages, and it fetches
 * tools and Electron for the system besides, so that it needs the network anyway.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeApp, manifestOf } from './app.ts';
import { iconIcns, iconIco, iconPng } from './icons.ts';

export const BUILDER = 'electron-builder@26.17.0';

/** Its targets, each with the system that it is made on. */
export const BUILDER_TARGETS: Readonly<Record<string, { readonly os: string; readonly words: readonly string[] }>> = {
  appimage: { os: 'linux', words: ['--linux', 'AppImage'] },
  dmg: { os: 'darwin', words: ['--mac', 'dmg'] },
  nsis: { os: 'win32', words: ['--win', 'nsis'] },
};

/** What electron-builder is told. @param electron version of Electron @param app the folder that `makeApp` made */
export function builderConfig(
  electron: string,
  app: string,
  icons: string,
  out: string,
): Readonly<Record<string, unknown>> {
  return {
    appId: 'org.covis.studio',
    productName: 'Covis',
    copyright: 'The Covis authors, MIT License',
    electronVersion: electron,
    // Packages are chosen, and their binaries prebuilt.
    npmRebuild: false,
    // The engine's own Node reads its files as files.
    asar: false,
    electronLanguages: ['en', 'en-US', 'en-GB'],
    directories: { output: out, buildResources: icons },
    files: ['**/*'],
    // It takes only packages that package.json names, and all of each; these were chosen file by file.
    extraResources: [{ from: join(app, 'node_modules'), to: 'app/node_modules', filter: ['**/*'] }],
    protocols: [{ name: 'Covis library', schemes: ['covis'], role: 'Viewer' }],
    publish: null,
    linux: {
      executableName: 'covis-studio',
      icon: join(icons, 'icon.png'),
      category: 'Graphics',
      mimeTypes: ['application/x-covis-library', 'x-scheme-handler/covis'],
    },
    mac: {
      icon: join(icons, 'icon.icns'),
      category: 'public.app-category.photography',
      // Signed and notarised with the identity of whoever releases it, where there is one.
      hardenedRuntime: true,
      entitlements: join(import.meta.dirname, 'mac.plist'),
      entitlementsInherit: join(import.meta.dirname, 'mac.plist'),
    },
    dmg: { title: 'Covis ${version}' },
    win: { executableName: 'covis-studio', icon: join(icons, 'icon.ico') },
    nsis: { oneClick: false, perMachine: false, allowToChangeInstallationDirectory: true },
  };
}

/** Makes one of {@link BUILDER_TARGETS}. @returns the folder that it lies in. @throws Error on another system, and where electron-builder fails. */
export async function runBuilder(root: string, out: string, target: string): Promise<string> {
  const { os, words } = BUILDER_TARGETS[target]!;
  if (process.platform !== os) throw new Error(`--target ${target} is made on ${os}, not on ${process.platform}`);
  const app = join(out, 'app');
  const icons = join(out, 'icons');
  makeApp(root, app, { os, cpu: process.arch });
  mkdirSync(icons, { recursive: true });
  writeFileSync(join(icons, 'icon.png'), await iconPng(root, 1024));
  writeFileSync(join(icons, 'icon.ico'), await iconIco(root));
  writeFileSync(join(icons, 'icon.icns'), await iconIcns(root));
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  const config = join(out, 'electron-builder.json');
  const electron = lock.packages['node_modules/electron']!.version;
  writeFileSync(config, JSON.stringify(builderConfig(electron, app, icons, out), null, 2));
  process.stderr.write(`electron-builder makes ${target} of Covis ${manifestOf(root).version}\n`);
  const npx = os === 'win32' ? 'npx.cmd' : 'npx';
  const r = spawnSync(npx, ['--yes', BUILDER, ...words, '--config', config, '--projectDir', app], {
    cwd: app,
    stdio: ['ignore', 2, 2],
    shell: os === 'win32',
  });
  if (r.status !== 0)
    throw new Error(
      `electron-builder ended with ${r.error?.message ?? r.status}. It fetches its tools and Electron from GitHub.`,
    );
  return out;
}
