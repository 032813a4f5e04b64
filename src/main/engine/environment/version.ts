import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resourcePath } from './resources.ts';

/** Covis's own version, from package.json. */
export const VERSION: string = (
  JSON.parse(readFileSync(join(resourcePath(), '..', 'package.json'), 'utf8')) as { version: string }
).version;
