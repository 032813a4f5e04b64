import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpy, writeNpy } from '../../../src/main/engine/formats/npy.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { forgetStored, noteStored } from '../../../src/main/engine/library/stored.ts';
import type { NetworkRow } from '../../../src/main/engine/network/networks.ts';
import { loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
import { loadSet, storeSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SYNTHETIC_PIXELS, syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
let library: Library;
let network: NetworkRow;
beforeAll(() => {
  ({ library, network } = syntheticLibrary(join(folder, 'library'), {
    photos: 6,
    clusters: 2,
    dim: 3,
    pairsPerPhoto: 2,
    seed: 1,
  }));
});
afterAll(() => library.close());

/** Another number of the same kind, so that shape, size and type are as they were. */
function spoil(file: string): () => void {
  const { data, shape } = readNpy(file);
  const whole = data.slice();
  (data as Float32Array)[1] = data[1] === 0 ? 1 : 0;
  writeNpy(file, data, shape);
  return () => writeNpy(file, whole, shape);
}
const damaged = (file: string): unknown =>
  expect.objectContaining({
    code: 'INPUT_CORRUPT',
    message: 'A file of the library is damaged: it does not hold what was stored',
    file,
    hint: `covis check ${library.path} --repair says what can be done.`,
  });

describe('what is not as it was stored', () => {
  it("by one number, refuses a network's own descriptors and their names, until they are as they were", () => {
    const base = library.file('descriptors', `${network.uid}-${SYNTHETIC_PIXELS}`);
    const files = [`${base}.npy`, `${base}.ids.npy`];
    noteStored(library, files);
    const load = (): number[] => Array.from(loadDescriptors(library, network, SYNTHETIC_PIXELS).data);
    const before = load();
    for (const file of files) {
      const mend = spoil(file);
      expect(load).toThrow(damaged(file) as Error);
      mend();
      expect(load()).toEqual(before);
    }
    // Nothing is known of what an older version wrote.
    spoil(files[0]!);
    forgetStored(library, files);
    expect(load()).not.toEqual(before);
  });

  it("refuses a network's descriptors of which a file is gone, before it looks into the other", () => {
    const base = library.file('descriptors', `${network.uid}-64`);
    library.db
      .prepare('INSERT INTO descriptor_set (network_id, size, rows, created) VALUES (?, 64, 1, ?)')
      .run(network.id, 'x');
    const missing = (file: string): void =>
      expect(() => loadDescriptors(library, network, 64)).toThrow(
        expect.objectContaining({
          code: 'INPUT_MISSING',
          message: 'The stored descriptors of this network are gone',
          file,
          hint: 'Extract again: Jobs, Extract, or covis extract.',
        }) as Error,
      );
    missing(`${base}.npy`);
    writeNpy(`${base}.npy`, Float32Array.of(1, 0, 0), [1, 3]);
    missing(`${base}.ids.npy`);
    rmSync(`${base}.npy`);
    writeNpy(`${base}.ids.npy`, new Uint8Array(16), [1, 16]);
    missing(`${base}.npy`);
    // Where none were stored none are looked for.
    library.db.prepare('UPDATE descriptor_set SET rows = 0 WHERE size = 64').run();
    expect(loadDescriptors(library, network, 64)).toMatchObject({ dim: 3, ids: new Uint32Array(0) });
  });

  it('by one number, refuses a set, its names and the boxes of its regions', async () => {
    const hashes = allPhotos(library).map((p) => p.hash);
    for (const regional of [false, true]) {
      const key = storeSet(library, {
        name: 'S',
        vectors: { data: Float32Array.of(1, 0, 0, 1), rows: 2, dim: 2 },
        hashes: [hashes[0]!, hashes[3]!],
        regional,
        half: false,
        ...(regional ? { boxes: Float32Array.from({ length: 8 }, (_, i) => i / 8) } : {}),
      });
      for (const end of ['npy', 'ids.npy', ...(regional ? ['boxes.npy'] : [])]) {
        const file = library.file('descriptors', `${key}.${end}`);
        const mend = spoil(file);
        await expect(loadSet(library, key)).rejects.toThrow(damaged(file) as Error);
        mend();
        await loadSet(library, key);
      }
      if (!regional) continue;
      const file = library.file('descriptors', `${key}.boxes.npy`);
      rmSync(file);
      await expect(loadSet(library, key)).rejects.toMatchObject({ code: 'INPUT_MISSING', file });
    }
  });
});
