import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
let library: Library;
beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
});
afterAll(() => library.close());

/** What a check that reads everything finds wrong. */
async function wrong(): Promise<readonly string[]> {
  const { database, parts, unused } = await WORK.check.run(library, { full: true }, silentContext());
  return [...database, ...parts.flatMap((p) => p.examples), ...unused.examples];
}

describe('a library after each job that stores something', () => {
  const size = 64;
  const jobs = {
    'as it was imported': () => Promise.resolve(),
    extract: () => WORK.extract.run(library, { size }, silentContext()),
    'regions in half precision': () => WORK.regions.run(library, { size, half: true }, silentContext()),
    'regions in full precision': () => WORK.regions.run(library, { size, half: false }, silentContext()),
    map: () => WORK.map.run(library, { size }, silentContext()),
    duplicates: () => WORK.duplicates.run(library, {}, silentContext()),
    mine: () => WORK.mine.run(library, { size, mining: { queries: 10 } }, silentContext()),
    whiten: () => WORK.whiten.run(library, { size }, silentContext()),
    'extract with the new network': () => WORK.extract.run(library, { size }, silentContext()),
  };

  for (const [name, job] of Object.entries(jobs))
    it(`is whole: ${name}`, async () => {
      await job();
      expect(await wrong()).toEqual([]);
    }, 60_000);
});
