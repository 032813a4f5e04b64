/** A Debian package of the folder, made by `dpkg-deb`. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Manifest } from '../app.ts';
import { ICON_SIZES, iconPng, iconSvg } from '../icons.ts';
import { bytesBelow } from './folder.ts';

/** What Electron's binary is linked to or opens, with the names that Debian 13 and Ubuntu 24.04 have for them. */
const DEPENDS = [
  'libc6 (>= 2.28)',
  'libasound2 | libasound2t64',
  'libatk-bridge2.0-0 | libatk-bridge2.0-0t64',
  'libatk1.0-0 | libatk1.0-0t64',
  'libatspi2.0-0 | libatspi2.0-0t64',
  'libcairo2',
  'libcups2 | libcups2t64',
  'libdbus-1-3',
  'libdrm2',
  'libexpat1',
  'libgbm1',
  'libglib2.0-0 | libglib2.0-0t64',
  'libgtk-3-0 | libgtk-3-0t64',
  'libnspr4',
  'libnss3',
  'libpango-1.0-0',
  'libstdc++6',
  'libudev1',
  'libx11-6',
  'libxcb1',
  'libxcomposite1',
  'libxdamage1',
  'libxext6',
  'libxfixes3',
  'libxkbcommon0',
  'libxrandr2',
];
const RECOMMENDS = ['colmap', 'libnotify4', 'xdg-utils'];
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

export type Compression = 'fast' | 'best';

/** How `dpkg-deb` is to compress. */
function compression(how: Compression): readonly string[] {
  return how === 'fast' ? ['-Zzstd', '-z1'] : ['-Zxz', '-z6'];
}

/** The control file. @param kib size of what is installed */
export function control(m: Manifest, arch: string, kib: number): string {
  const architecture = ARCHITECTURES[arch];
  if (architecture === undefined) throw new Error(`Debian has no name for ${arch}`);
  return `${[
    'Package: covis',
    `Version: ${m.version.replace('-', '~')}`,
    `Architecture: ${architecture}`,
    'Maintainer: The Covis authors <covis@localhost>',
    `Installed-Size: ${kib}`,
    `Depends: ${DEPENDS.join(', ')}`,
    `Recommends: ${RECOMMENDS.join(', ')}`,
    'Section: graphics',
    'Priority: optional',
    `Description: ${m.description.replace(/^An? /, '')}`,
    ' Covis imports photos and the 3D models that structure from motion built of',
    ' them, mines pairs that match and pairs that do not, shows every one of them,',
    ' fine-tunes a network on them, searches with it and measures it. Everything',
    ' runs on this machine, without a GPU, an account or the network.',
  ].join('\n')}\n`;
}

/** What stands in /usr/share/doc/covis/copyright. */
function copyright(licence: string): string {
  const text = licence
    .trim()
    .split('\n')
    .map((l) => ` ${l.trim() === '' ? '.' : l}`);
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Covis
Comment: What comes with Covis and has licences of its own is listed, with their
 texts, in /opt/covis/THIRD_PARTY_NOTICES.md; Electron's and Chromium's are
 /opt/covis/LICENSE.electron.txt and LICENSES.chromium.html. libvips, in
 /opt/covis/resources/app/node_modules/@img, is under the LGPL 3
 (/usr/share/common-licenses/LGPL-3), as a library that may be exchanged.

Files: *
Copyright: The Covis authors
License: MIT
${text.join('\n')}
`;
}

function tree(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    const to = join(folder, path);
    mkdirSync(join(to, '..'), { recursive: true, mode: 0o755 });
    writeFileSync(to, content, { mode: 0o644 });
  }
}

/** Makes the package of a folder that `linuxFolder` made; the folder is gone afterwards. @returns the size of what is installed, in bytes */
export async function makeDeb(
  root: string,
  m: Manifest,
  folder: string,
  out: string,
  arch: string,
  how: Compression,
): Promise<number> {
  const work = `${out}.work`;
  const own = join(import.meta.dirname);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'opt'), { recursive: true });
  renameSync(folder, join(work, 'opt', 'covis'));
  // The sandbox of systems that give ordinary users no namespaces.
  chmodSync(join(work, 'opt', 'covis', 'chrome-sandbox'), 0o4755);
  mkdirSync(join(work, 'usr', 'bin'), { recursive: true });
  symlinkSync('/opt/covis/covis', join(work, 'usr', 'bin', 'covis'));
  tree(work, {
    'usr/share/applications/covis.desktop': readFileSync(join(own, 'covis.desktop')),
    'usr/share/mime/packages/covis.xml': readFileSync(join(own, 'covis.xml')),
    'usr/share/icons/hicolor/scalable/apps/covis.svg': iconSvg(root),
    'usr/share/doc/covis/copyright': copyright(readFileSync(join(root, 'LICENSE'), 'utf8')),
    'usr/share/doc/covis/changelog.gz': gzipSync(readFileSync(join(root, 'CHANGELOG.md')), { level: 9 }),
  });
  for (const size of ICON_SIZES)
    tree(work, { [`usr/share/icons/hicolor/${size}x${size}/apps/covis.png`]: await iconPng(root, size) });
  const bytes = bytesBelow(work);
  tree(work, { 'DEBIAN/control': control(m, arch, Math.ceil(bytes / 1024)) });
  for (const script of ['postinst', 'prerm']) {
    cpSync(join(own, script), join(work, 'DEBIAN', script));
    chmodSync(join(work, 'DEBIAN', script), 0o755);
  }
  const r = spawnSync('dpkg-deb', ['--root-owner-group', ...compression(how), '--build', work, out], {
    stdio: ['ignore', 2, 2],
  });
  if (r.error !== undefined) throw new Error('dpkg-deb is not here: a .deb is made on Debian or Ubuntu');
  if (r.status !== 0) throw new Error(`dpkg-deb ended with ${r.status}`);
  rmSync(work, { recursive: true, force: true });
  process.stderr.write(`${basename(out)}: ${(statSync(out).size / 1e6).toFixed(1)} MB\n`);
  return bytes;
}
