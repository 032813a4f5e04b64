import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';

/** Finds the project's `resources/` by walking up from this file, so that it works from source and from a build. */
export function resourcePath(...parts: string[]): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const file = join(folder, 'resources', 'networks');
    if (existsSync(file)) return join(folder, 'resources', ...parts);
    if (dirname(folder) === folder) throw new CovisError('INTERNAL', 'The resources of this installation are missing');
  }
}
