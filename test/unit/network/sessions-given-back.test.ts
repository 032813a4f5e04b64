import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { domainNetworks } from '../../../src/main/engine/domains/domain-networks.ts';
import { domainGeneralisation } from '../../../src/main/engine/domains/generalisation.ts';
import { evaluateClasses } from '../../../src/main/engine/evaluation/classes.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { ensureDefaultNetwork, type NetworkRow } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { extract } from '../../../src/main/engine/retrieval/extract.ts';
import { extractFolder } from '../../../src/main/engine/retrieval/extract-folder.ts';
import { extractRegions } from '../../../src/main/engine/retrieval/feature-maps.ts';
import { Describer } from '../../../src/main/engine/retrieval/search.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { heldSessions } from '../../support/held-sessions.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();
const at = (...parts: string[]): string => join(folder, ...parts);
const SIZE = 64;
let library: Library;
let network: NetworkRow;
let runs = 0;
const photo = join(SAMPLE, 'castle', 'images', 'castle_05.jpg');
beforeAll(async () => {
  for (const place of ['castle', 'pagoda']) {
    const images = join(SAMPLE, place, 'images');
    for (const [i, name] of readdirSync(images).slice(0, 4).entries()) {
      const to = at('domains', i < 2 ? 'day' : 'night', place);
      mkdirSync(to, { recursive: true });
      cpSync(join(images, name), join(to, name));
    }
  }
  library = Library.create(at('library'));
  network = ensureDefaultNetwork(library);
  await importSources(library, { sources: [at('domains', 'day')] }, silentContext());
}, 60_000);
afterAll(() => library.close());
afterEach(() => vi.restoreAllMocks());

const stopped = {
  ...silentContext(),
  check: () => {
    throw new Error('stop');
  },
};
const WORK: Readonly<Record<string, (task: ReturnType<typeof silentContext>) => Promise<unknown>>> = {
  'describing photos': async (task) => {
    library.db.prepare('DELETE FROM descriptor_set').run();
    return extract(library, network, SIZE, task);
  },
  'describing regions': (task) => extractRegions(library, network, SIZE, false, task),
  'describing a folder': (task) =>
    extractFolder(
      embeddedNetwork('photos'),
      'key',
      at('domains', 'day', 'castle'),
      at(`out ${(runs += 1)}.npy`),
      SIZE,
      task,
    ),
  'measuring classes': (task) => evaluateClasses(library, network, at('domains', 'day'), SIZE, 0, task),
  'learning over domains': (task) =>
    domainGeneralisation(
      domainNetworks({ pretrained: undefined, fineTuned: undefined, edges: undefined }),
      { folder: at('domains'), seeds: 1 },
      task,
    ),
};

describe('sessions of ONNX Runtime, which no garbage collector sees', () => {
  it.each(Object.keys(WORK))('are given back after %s, and where it is stopped', async (name) => {
    const { made, held } = heldSessions();
    await WORK[name]!(silentContext());
    expect(made()).toBeGreaterThan(0);
    expect(held().runners).toBe(0);
    await expect(WORK[name]!(stopped)).rejects.toThrow('stop');
    expect(held().runners).toBe(0);
  });

  it('are given back by whoever describes single photos', async () => {
    const { held } = heldSessions();
    const describer = await Describer.create(library, network, SIZE);
    expect(await describer.describe(photo)).toHaveLength(network.spec.dim);
    expect(held().runners).toBeGreaterThan(0);
    await describer.release();
    expect(held().runners).toBe(0);
  });
});
