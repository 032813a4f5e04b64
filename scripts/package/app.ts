/** The folder that Electron takes as its app, and npm's tarball is made of: what was built, the engine as JavaScript, what they need. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripEngine } from './engine.ts';
import { copyModules, type Platform } from './modules.ts';

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly description: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

export function manifestOf(root: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
}

/** What goes along as it is. */
const KEPT = [
  'bin',
  'scripts/engine-node.mjs',
  'out/main',
  'out/preload',
  'out/renderer',
  'out/engine',
  'resources',
  'LICENSE',
  'CHANGELOG.md',
  'THIRD_PARTY_NOTICES.md',
] as const;

/** What package.json says in an installed app. Packages are there already: it names none that would be fetched. */
export function appManifest(m: Manifest): Readonly<Record<string, unknown>> {
  return {
    name: m.name,
    version: m.version,
    license: m.license,
    description: m.description,
    author: 'The Covis authors',
    type: 'module',
    main: 'out/main/index.js',
    bin: { covis: 'bin/covis.mjs' },
    // Which entry of the desktop's menu the window belongs to.
    desktopName: 'covis.desktop',
  };
}

/** Makes the app's folder anew. What is built must be there. @returns bytes of packages by name */
export function makeApp(root: string, out: string, platform: Platform): ReadonlyMap<string, number> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  stripEngine(root, join(root, 'out', 'engine'));
  for (const path of KEPT) {
    if (!existsSync(join(root, path))) throw new Error(`${path} is not there`);
    cpSync(join(root, path), join(out, path), { recursive: true });
  }
  // It runs here with what is here: LGPL libraries are in sharp's, as files that may be exchanged.
  cpSync(join(import.meta.dirname, 'licences'), join(out, 'licences'), { recursive: true });
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(appManifest(manifestOf(root)), null, 2)}\n`);
  return copyModules(root, out, platform);
}
