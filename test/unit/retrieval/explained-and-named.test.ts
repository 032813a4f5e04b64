import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { drawingNetwork, edgeNetworkOf } from '../../../src/main/engine/edges/library-networks.ts';
import { defaultSize } from '../../../src/main/engine/inputs/inputs.ts';
import { chooseDefault } from '../../../src/main/engine/network/default-network.ts';
import { standaloneNetwork } from '../../../src/main/engine/network/embedded.ts';
import { projectNetwork } from '../../../src/main/engine/network/linear-head.ts';
import {
  ensureDefaultNetwork,
  loadNetwork,
  resolveNetwork,
  type NetworkRow,
} from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { extract } from '../../../src/main/engine/retrieval/extract.ts';
import { extractFolder } from '../../../src/main/engine/retrieval/extract-folder.ts';
import { SearchSession } from '../../../src/main/engine/search/session.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { writePhoto } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const photos = join(folder, 'photos');
const SIZE = 64;
let library: Library;
let plain: NetworkRow;
let projected: NetworkRow;
let session: SearchSession;

beforeAll(async () => {
  for (let i = 0; i < 4; i += 1) await writePhoto(join(photos, `${i}.jpg`), 20 + i);
  library = Library.create(join(folder, 'library'));
  plain = ensureDefaultNetwork(library);
  projected = projectNetwork(library, plain, 16, 3);
  await importSources(library, { sources: [photos] }, silentContext());
  session = new SearchSession(library);
}, 60_000);
afterAll(async () => {
  await session.close();
  library.close();
});

describe('why two photos match', () => {
  it('is the similarity that searches have, or says that it is before what is behind the pooling', async () => {
    const [a, b] = allPhotos(library);
    for (const network of [plain, projected]) {
      await extract(library, network, SIZE, silentContext());
      const found = await session.search({
        photo: a!.hash,
        network: network.uid,
        size: SIZE,
        method: 'cosine',
        top: 4,
      });
      const score = found.hits.find((h) => h.photo === b!.hash)!.score;
      const why = await session.explain({ photo: a!.hash, hit: b!.hash, network: network.uid, size: SIZE });
      expect(why.query.values.reduce((x, y) => x + y, 0)).toBeCloseTo(why.similarity, 4);
      if (network === plain) {
        expect(why.described).toBeNull();
        expect(why.similarity).toBeCloseTo(score, 3);
      } else {
        expect(why.described).toBeCloseTo(score, 4);
        expect(Math.abs(why.described! - why.similarity)).toBeGreaterThan(1e-3);
      }
    }
  });
});

describe('--network default and embedded', () => {
  it('are the library’s default, and the one that comes with Covis', async () => {
    chooseDefault(library, projected);
    for (const fallback of ['default', 'embedded'] as const) {
      expect((await resolveNetwork(library, 'default', fallback)).uid).toBe(projected.uid);
      expect((await resolveNetwork(library, 'embedded', fallback)).uid).toBe(plain.uid);
    }
  });

  it('mean networks of edge maps where drawings are asked of them', async () => {
    expect(await drawingNetwork(library, 'default')).toBeUndefined();
    const edges = await edgeNetworkOf(library, 'default');
    expect(edges.spec.edges).toBeDefined();
    expect((await drawingNetwork(library, 'default'))?.uid).toBe(edges.uid);
  });

  it('are one where there is no library', async () => {
    const names = await Promise.all([undefined, 'default', 'embedded'].map((n) => standaloneNetwork(n)));
    expect(names.map((n) => n.spec.name)).toEqual(Array<string>(3).fill(plain.spec.name));
  });
});

describe('descriptors of a folder', () => {
  it('are written by one at a time into one file, whatever the network', async () => {
    const out = join(folder, 'both.npy');
    const first = extractFolder(loadNetwork(library, plain), 'a', photos, out, SIZE, silentContext());
    await expect(
      extractFolder(loadNetwork(library, projected), 'b', photos, out, SIZE, silentContext()),
    ).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      message: 'Descriptors are being written to this file already',
      file: out,
      hint: expect.stringMatching(/^Wait until the other program is done, or name another file with --out\./) as string,
    });
    expect((await first).dim).toBe(plain.spec.dim);
    expect(
      (
        await extractFolder(
          loadNetwork(library, projected),
          'b',
          photos,
          join(folder, 'other.npy'),
          SIZE,
          silentContext(),
        )
      ).dim,
    ).toBe(16);
  });
});

it('descriptors are ready before a search, unless they are fewer or more than are to be read unasked', async () => {
  const ready = (within?: { least: number; most: number }): Promise<unknown> =>
    session.prepare({ descriptors: true, network: plain.uid, ...(within === undefined ? {} : { within }) });
  expect(await ready({ least: 1, most: 1e9 })).toEqual({ ready: false });
  await extract(library, plain, defaultSize(plain.spec), silentContext());
  const bytes = 4 * 4 * plain.spec.dim;
  expect(await ready({ least: 1, most: bytes - 1 })).toEqual({ ready: false });
  expect(await ready({ least: bytes + 1, most: 1e9 })).toEqual({ ready: false });
  expect(await ready({ least: bytes, most: bytes })).toEqual({ ready: true });
  expect(await ready()).toEqual({ ready: true });
});
