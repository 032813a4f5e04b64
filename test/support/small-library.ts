import { join } from 'node:path';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { ensureDefaultNetwork } from '../../src/main/engine/network/networks.ts';
import { importSources } from '../../src/main/engine/sfm/import.ts';
import { ROOT } from './programs.ts';

export const SAMPLE = join(ROOT, 'resources', 'sample');

const FIVE = ['castle', 'pagoda', 'lighthouse', 'windmill', 'factory'];

/** Places of the embedded sample in a library: five, or those that are named. */
export async function smallLibrary(path: string, places: readonly string[] = FIVE): Promise<Library> {
  const library = Library.create(path);
  ensureDefaultNetwork(library);
  const sources = places.map((n) => join(SAMPLE, n));
  await importSources(library, { sources }, silentContext());
  return library;
}
