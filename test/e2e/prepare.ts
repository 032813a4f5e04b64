import { cpSync, existsSync, mkdtempSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { SAMPLE } from '../support/small-library.ts';
import { buildStudio, covis } from './serve.ts';

/** Makes a library with one short run of the whole loop, or copies the one that another file made, and builds the studio. */
export function prepareLibrary(library: string): void {
  buildStudio();
  const shared = inject('sharedFolder');
  const made = join(shared, 'library');
  if (!existsSync(made)) {
    const sources = ['castle', 'pagoda', 'lighthouse', 'windmill', 'townhouse'].map((n) => join(SAMPLE, n));
    const begun = join(mkdtempSync(join(shared, 'begun-')), 'library');
    covis('run', ...sources, '--library', begun, '--epochs', '1', '--tuples', '10');
    try {
      renameSync(begun, made);
    } catch (error) {
      // Another file may have been as quick.
      if (!existsSync(made)) throw error;
    }
  }
  cpSync(made, library, { recursive: true });
}
