/** Which packages of other people come with Covis: those it needs to run, and those that are built into the page. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package as package-lock.json pins it. */
export interface ThirdParty {
  readonly name: string;
  readonly version: string;
  /** SPDX expression as the package states it. */
  readonly licence: string;
  /** Its folder, from the root. */
  readonly folder: string;
  /** It is installed on some platforms only, so that its text is not here on others. */
  readonly platform: boolean;
}

/** An entry of package-lock.json. */
export interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const ROOT = join(import.meta.dirname, '..');
const IMPORT = /(?:from|import)\s*\(?\s*'([^.'][^']*)'/g;

/** `@scope/name/path` and `name/path` without the path. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Packages that the sources below a folder import. */
function importedBelow(folder: string): Set<string> {
  const out = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (/\.(ts|vue)$/.test(file))
      for (const [, from] of readFileSync(join(folder, file), 'utf8').matchAll(IMPORT)) out.add(packageOf(from!));
  return out;
}

/** Every package that comes with Covis, by name and version, from the lock file alone and so the same on every platform. */
export function thirdParties(root = ROOT): ThirdParty[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, Locked>>;
  };
  const own = packages['']!;
  const page = importedBelow(join(root, 'src', 'renderer'));
  const bundled = Object.keys(own.devDependencies ?? {}).filter((name) => page.has(name));
  const runs = [...Object.keys(own.dependencies ?? {}), ...Object.keys(own.optionalDependencies ?? {})];
  const found = [...lockedBelow(packages, [...runs, ...bundled])].map(([folder, { name, entry: p }]): ThirdParty => {
    const platform = p.os !== undefined || p.cpu !== undefined;
    return { name, version: p.version, licence: p.license ?? 'not stated', folder, platform };
  });
  const byName = (a: ThirdParty, b: ThirdParty): number =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1;
  const unique = new Map(found.map((p) => [`${p.name} ${p.version}`, p]));
  return [...unique.values()].sort(byName);
}

/**
 * The entries of a lock file that packages stand on, with those of the packages themselves, by their folders.
 * @param leave true for what a package names and does not need here
 */
export function lockedBelow(
  packages: Readonly<Record<string, Locked>>,
  names: readonly string[],
  leave: (name: string, by: string) => boolean = () => false,
): ReadonlyMap<string, { readonly name: string; readonly entry: Locked }> {
  const found = new Map<string, { name: string; entry: Locked }>();
  const visit = (name: string, from: string): void => {
    // Node's way: the nearest node_modules upwards.
    let base = from;
    for (;;) {
      const folder = `${base}node_modules/${name}`;
      const entry = packages[folder];
      if (entry !== undefined) {
        if (found.has(folder)) return;
        found.set(folder, { name, entry });
        for (const d of needs(entry)) if (!leave(d, name)) visit(d, `${folder}/`);
        return;
      }
      if (base === '') return;
      base = base.slice(0, Math.max(0, base.lastIndexOf('node_modules/', base.length - 2)));
    }
  };
  for (const name of names) visit(name, '');
  return found;
}

function needs(p: Locked): string[] {
  const peers = Object.keys(p.peerDependencies ?? {}).filter((n) => p.peerDependenciesMeta?.[n]?.optional !== true);
  return [...Object.keys(p.dependencies ?? {}), ...Object.keys(p.optionalDependencies ?? {}), ...peers];
}

/** Licence and notice texts of an installed package; empty where it brings none, or is not for every platform. */
export function licenceText(p: ThirdParty, root = ROOT): string {
  const folder = join(root, p.folder);
  if (p.platform || !existsSync(folder)) return '';
  return readdirSync(folder)
    .filter((f) => /^(licen[cs]e|copying|notice)([.-].*)?$/i.test(f) && !/\.(js|ts|html)$/.test(f))
    .sort()
    .map((f) => readFileSync(join(folder, f), 'utf8').replaceAll('\r\n', '\n').trim())
    .join('\n\n');
}

/** A line of the table in THIRD_PARTY_NOTICES.md. */
export function tableLine(p: ThirdParty): string {
  return `| ${p.name} | ${p.version} | ${p.licence} |`;
}
