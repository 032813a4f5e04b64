/** Where TensorFlow is: what the person added first, then what stands beside Covis' own packages. Neither comes with Covis. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageAt, PACKAGES_OF } from '../../environment/added.ts';
import { logFailure, logger } from '../../environment/log.ts';

/** A package, and what is loaded of it. */
export interface TensorFlowPlace {
  readonly name: string;
  readonly file: () => string;
}

/** Best first; those beside Covis' own packages may not be there. @param place looked at in place of what the person added, and alone. */
export function tensorFlowPlaces(place?: string): TensorFlowPlace[] {
  const require = createRequire(import.meta.url);
  const added = packageAt('tensorflow', place);
  const places: TensorFlowPlace[] = [];
  if (added !== undefined)
    places.push({ name: added.name, file: () => createRequire(`${added.folder}/`).resolve(added.folder) });
  if (place === undefined)
    for (const name of PACKAGES_OF.tensorflow) places.push({ name, file: () => require.resolve(name) });
  return places;
}

/** Folders of a package in which its library and its binding may lie. */
const LIBRARIES = [['deps', 'lib'], ['lib']] as const;

/**
 * Package, version and library of the TensorFlow that would be loaded, without loading it, which takes a second; undefined where there is none,
 * or one without its library.
 */
export function tensorFlowFiles(): string | undefined {
  for (const { name, file } of tensorFlowPlaces()) {
    const root = packageOf(name, file);
    if (root === undefined) continue;
    try {
      const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
      const libraries = LIBRARIES.flatMap((parts) => librariesIn(join(root, ...parts)));
      if (libraries.length > 0) return `${name} ${version} (${libraries.join(', ')})`;
    } catch (error) {
      logFailure(logger('back ends'), `${root} cannot be read`, error);
    }
  }
  return undefined;
}

function packageOf(name: string, file: () => string): string | undefined {
  let main: string;
  try {
    main = file();
  } catch {
    // A package that is not there.
    return undefined;
  }
  for (let folder = dirname(main); dirname(folder) !== folder; folder = dirname(folder))
    if (existsSync(join(folder, 'package.json')) && folder.endsWith(join(...name.split('/')))) return folder;
  return undefined;
}

/** Names and sizes; the version of the library is not that of the package. */
function librariesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /tensorflow[^/\\]*\.(so|dylib|dll)(\.[\d.]+)?$/.test(name))
    .sort()
    .map((name) => `${name} ${statSync(join(folder, name)).size}`);
}
