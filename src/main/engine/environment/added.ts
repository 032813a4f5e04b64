/** Back ends that a person added: packages in a folder beside the settings, which no installation of Covis itself touches. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Addable } from '../../../shared/facts/backends.ts';
import { logFailure, logger } from './log.ts';
import { settingsFile } from './settings.ts';

/** Packages that each may consist of; the first that is there counts. */
export const PACKAGES_OF: Readonly<Record<Addable, readonly string[]>> = {
  cuda: ['onnxruntime-node'],
  tensorflow: ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'],
};

/** Where all of them are. */
export const addedFolder = (): string => join(dirname(settingsFile()), 'back-ends');

/** Where one of them is or would be. */
export const addedPlace = (what: Addable): string => join(addedFolder(), what);

export interface AddedPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
}

/** The package of a place that is there. @param place {@link addedPlace}, or another folder with `node_modules`. */
export function packageAt(what: Addable, place = addedPlace(what)): AddedPackage | undefined {
  for (const name of PACKAGES_OF[what]) {
    const folder = join(place, 'node_modules', ...name.split('/'));
    const version = versionOf(folder);
    if (version !== undefined) return { name, version, folder };
  }
  return undefined;
}

function versionOf(folder: string): string | undefined {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  try {
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown };
    return typeof version === 'string' ? version : undefined;
  } catch (error) {
    logFailure(logger('back ends'), `${file} cannot be read`, error);
    return undefined;
  }
}

const require = createRequire(import.meta.url);

/** The version of a package that Covis has itself; undefined where it has none. */
export function ownVersion(name: string): string | undefined {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const version = versionOf(join(folder, 'node_modules', ...name.split('/')));
    if (version !== undefined || dirname(folder) === folder) return version;
  }
}

/**
 * What to load ONNX Runtime from: the copy that was added with CUDA's files, where it is the version that Covis is made for, else Covis'
 * own. @param place see {@link packageAt}.
 */
export function onnxRuntimePath(place?: string): string {
  const own = require.resolve('onnxruntime-node');
  const added = packageAt('cuda', place);
  return added !== undefined && added.version === ownVersion('onnxruntime-node') ? added.folder : own;
}
