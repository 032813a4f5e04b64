import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { adaptWork } from '../../../src/main/engine/work/adapt.ts';
import { ladderWork } from '../../../src/main/engine/work/ladder.ts';
import { runWork } from '../../../src/main/engine/work/run.ts';
import { trainWork } from '../../../src/main/engine/work/train.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE, smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
let library: Library;
beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
  return () => library.close();
}, 60_000);

const little = { memory: 0.1, size: 128, backend: 'cpu' } as const;

it.each<[string, () => Promise<unknown>]>([
  ['train', () => Promise.resolve(trainWork.run(library, little, silentContext()))],
  ['run', () => Promise.resolve(runWork.run(library, { ...little, sources: [join(SAMPLE, 'arch')] }, silentContext()))],
  ['ladder', () => Promise.resolve(ladderWork.run(library, { ...little, ladder: { seeds: 1 } }, silentContext()))],
  ['adapt', () => Promise.resolve(adaptWork.run(library, little, silentContext()))],
])('%s takes no more memory than it may', { timeout: 180_000 }, async (_, start) => {
  await expect(start()).rejects.toThrow(/what may be taken has 10[23] MiB/);
});
