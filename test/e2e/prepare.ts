import { join } from 'node:path';
import { SAMPLE } from '../support/small-library.ts';
import { buildStudio, covis } from './serve.ts';

/** Makes a library with one short run of the whole loop, and builds the studio. */
export function prepareLibrary(library: string): void {
  buildStudio();
  const sources = ['castle', 'pagoda', 'lighthouse', 'windmill', 'townhouse'].map((n) => join(SAMPLE, n));
  covis('run', ...sources, '--library', library, '--epochs', '1', '--tuples', '10');
}
