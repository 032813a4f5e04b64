/** What of `node_modules` an installed Covis needs: the packages that it runs on, of each what runs on this platform. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nodePackage } from '../engine-node.mjs';
import { lockedBelow, type Locked } from '../notices.ts';

export interface Platform {
  /** As Node calls it: `linux`, `darwin`, `win32`. */
  readonly os: string;
  readonly cpu: string;
}

/** Packages that others name for their installation, their tools or their types, by who names them; no code that Covis runs asks for them. */
const NEVER_RUN: Readonly<Record<string, readonly string[]>> = {
  '@tensorflow/tfjs': ['argparse', 'chalk', 'core-js', 'regenerator-runtime', 'yargs'],
  'onnxruntime-node': ['adm-zip', 'global-agent'],
  'better-sqlite3': ['node-addon-api'],
  usearch: ['node-addon-api'],
};
const LICENCE = /^(licen[cs]es?|copying|notices?|authors|thirdpartynotices)([.-].*)?$/i;
const NOT_CODE = /\.(map|[cm]?ts|md|markdown|flow|gypi?|tsbuildinfo|c|cc|cpp|h|hpp|zig|swift|go|rs)$/i;
const NOT_SHIPPED = /^(tests?|__tests__|docs?|examples?|benchmarks?|bench|man|\.[^/]*)\//;

/** Of these packages, the files that are needed; of all others everything that is code. Paths are below the package, with `/`. */
function rules({ os, cpu }: Platform): Readonly<Record<string, (path: string) => boolean>> {
  const tfjs = (path: string): boolean => path === 'package.json' || /^dist\/tf[\w-]*\.node\.js$/.test(path);
  const here = `${os}-${cpu}`;
  const node = nodePackage(os, cpu);
  return {
    ...Object.fromEntries(
      ['', '-core', '-layers', '-converter', '-data', '-backend-cpu', '-backend-webgl', '-backend-webgpu'].map((n) => [
        `@tensorflow/tfjs${n}`,
        tfjs,
      ]),
    ),
    'onnxruntime-node': (path) =>
      !path.startsWith('script/') && (!path.startsWith('bin/') || path.includes(`/${os}/${cpu}/`)),
    'better-sqlite3': (path) => path.startsWith('lib/') || path === 'package.json' || path === `prebuilds/${here}.node`,
    usearch: (path) =>
      path.startsWith('javascript/dist/') ||
      path === 'package.json' ||
      // The one for macOS serves both processors.
      (path.startsWith('prebuilds/') &&
        (path.split('/')[1] ?? '').replace('+', ' ').includes(os) &&
        path.includes(cpu)),
    webgpu: (path) =>
      path === 'index.js' ||
      path === 'package.json' ||
      path.startsWith(`dist/${os === 'darwin' ? 'darwin-universal' : here}/`),
    h5wasm: (path) => path.startsWith('dist/node/') || path.startsWith('dist/esm/') || path === 'package.json',
    zod: (path) => !path.startsWith('src/'),
    sharp: (path) => path.startsWith('dist/') || path === 'package.json',
    ...(node === undefined ? {} : { [node.name]: (path) => path === node.file || path === 'package.json' }),
  };
}

/** Whether a file of a package goes along. @param path below the package, with `/` */
export function isNeeded(name: string, path: string, platform: Platform): boolean {
  if (LICENCE.test(path)) return true;
  // What libraries are in it, and under which licences, is said nowhere else.
  if (name.startsWith('@img/') && path === 'README.md') return true;
  const own = rules(platform)[name];
  if (own !== undefined && !own(path)) return false;
  return !NOT_CODE.test(path) && !NOT_SHIPPED.test(path);
}

/** As npm reads `os` and `cpu`: some, or all but some. */
function fits(wanted: string | readonly string[] | undefined, is: string): boolean {
  const all = wanted === undefined ? [] : [wanted].flat();
  return all.every((w) => w.startsWith('!')) ? !all.includes(`!${is}`) : all.includes(is);
}

/** Folders below the root of the packages that Covis runs on. @throws Error where one is not installed. */
export function neededPackages(root: string, platform: Platform): ReadonlyMap<string, string> {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, Locked & { readonly optional?: boolean }>>;
  };
  const own = packages['']!;
  const names = [...Object.keys(own.dependencies ?? {}), ...Object.keys(own.optionalDependencies ?? {})];
  const leave = (name: string, by: string): boolean =>
    name.startsWith('@types/') || name === '@webgpu/types' || NEVER_RUN[by]?.includes(name) === true;
  const found = new Map<string, string>();
  for (const [folder, { name, entry }] of lockedBelow(packages, names, leave)) {
    if (!fits(entry.os, platform.os) || !fits(entry.cpu, platform.cpu)) continue;
    if (existsSync(join(root, folder, 'package.json'))) found.set(folder, name);
    else if (packages[folder]?.optional !== true) throw new Error(`${name} is not installed. Run npm install.`);
  }
  return found;
}

/** Copies what is needed of `node_modules` into another folder. @returns names of the packages and their bytes */
export function copyModules(root: string, out: string, platform: Platform): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const [folder, name] of neededPackages(root, platform)) {
    const from = join(root, folder);
    for (const f of readdirSync(from, { recursive: true, withFileTypes: true })) {
      const path = join(f.parentPath, f.name)
        .slice(from.length + 1)
        .replaceAll('\\', '/');
      // Packages within packages are entries of their own.
      if (!f.isFile() || /(^|\/)node_modules\//.test(path) || !isNeeded(name, path, platform)) continue;
      const to = join(out, folder, path);
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(join(from, path), to);
      sizes.set(name, (sizes.get(name) ?? 0) + readFileSync(to).length);
    }
  }
  return sizes;
}
