import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNpy } from '../../../src/main/engine/formats/npy.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { random, type Random } from '../../../src/main/engine/library/random.ts';
import { noteStored } from '../../../src/main/engine/library/stored.ts';
import { loadSet, removeSet, storeSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { SearchSession } from '../../../src/main/engine/search/session.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const PHOTOS = 7;
const DIM = 4;
const folder = temporaryFolder();
let library: Library;
let photos: { id: number; hash: string }[];
beforeAll(() => {
  ({ library } = syntheticLibrary(join(folder, 'library'), {
    photos: PHOTOS,
    clusters: 2,
    dim: 3,
    pairsPerPhoto: 2,
    seed: 5,
  }));
  photos = allPhotos(library).map((p) => ({ id: p.id, hash: p.hash }));
});
afterAll(() => library.close());

function unit(r: Random): number[] {
  const v = Array.from({ length: DIM }, () => r.between(-1, 1));
  const length = Math.hypot(...v);
  return v.map((x) => Math.fround(x / length));
}

/** Rows under photos that repeat, interleave, and partly are none of the library; some photos of the library have no row. */
function rowsOf(seed: number): { r: Random; hashes: string[] } {
  const r = random(seed);
  const strange = Array.from({ length: 3 }, (_, i) => `${i}f`.repeat(16));
  const pool = [...r.shuffled(photos.map((p) => p.hash)).slice(0, 2 + r.below(PHOTOS - 2)), ...strange];
  const hashes = Array.from({ length: 4 + r.below(20) }, () => pool[r.below(pool.length)]!);
  return { r, hashes: [pool[0]!, ...hashes] };
}

/** For every photo in the order of its first row, all its rows: found by looking through everything for each. */
function slowJoin(hashes: readonly string[]): { id: number; rows: number[] }[] {
  return hashes.flatMap((hash, at) => {
    const photo = photos.find((p) => p.hash === hash);
    if (photo === undefined || hashes.indexOf(hash) !== at) return [];
    return [{ id: photo.id, rows: hashes.flatMap((h, i) => (h === hash ? [i] : [])) }];
  });
}

const store = (hashes: readonly string[], rows: readonly number[][], boxes?: Float32Array): string =>
  storeSet(library, {
    name: 'twice',
    vectors: { data: Float32Array.from(rows.flat()), rows: rows.length, dim: DIM },
    hashes,
    regional: boxes !== undefined,
    half: false,
    ...(boxes === undefined ? {} : { boxes }),
  });
const rounded = (v: ArrayLike<number>): string[] =>
  Array.from(v, (x) => (x + 0).toFixed(5).replace('-0.00000', '0.00000'));

describe('a set with photos twice', () => {
  it('of whole photos has one row a photo, its own', async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const { r, hashes } = rowsOf(seed);
      const of = new Map([...new Set(hashes)].map((h) => [h, unit(r)]));
      const rows = hashes.map((h) => of.get(h)!);
      const set = await loadSet(library, store(hashes, rows));
      const wanted = slowJoin(hashes);
      expect([...set.ids]).toEqual(wanted.map((w) => w.id));
      expect(set.vectors.rows).toBe(set.ids.length);
      expect(rounded(set.vectors.data)).toEqual(rounded(wanted.flatMap((w) => rows[w.rows[0]!]!)));
      removeSet(library, set.key);
    }
  });

  it('of regions has all rows of a photo together, with their boxes', async () => {
    for (let seed = 100; seed <= 160; seed += 1) {
      const { r, hashes } = rowsOf(seed);
      const rows = hashes.map(() => unit(r));
      const boxes = Float32Array.from({ length: 4 * hashes.length }, (_, i) => i / 1024);
      const set = await loadSet(library, store(hashes, rows, boxes));
      const wanted = slowJoin(hashes);
      const order = wanted.flatMap((w) => w.rows);
      expect([...set.ids]).toEqual(wanted.map((w) => w.id));
      expect([...set.owners!]).toEqual(wanted.flatMap((w, image) => w.rows.map(() => image)));
      expect(rounded(set.vectors.data)).toEqual(rounded(order.flatMap((i) => rows[i]!)));
      expect([...set.boxes!]).toEqual(
        order.flatMap((i) => [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3].map((b) => b / 1024)),
      );
      removeSet(library, set.key);
    }
  });

  it('answers a search with each photo under its own vector', async () => {
    // Row 2 is a second one of photo 0, rows 0 and 4 are no photos of the library: counting shifts everything behind them.
    const hashes = [
      'ee'.repeat(16),
      photos[0]!.hash,
      photos[0]!.hash,
      photos[3]!.hash,
      'dd'.repeat(16),
      photos[1]!.hash,
    ];
    const key = store(hashes, [
      [0, 0, 0, 1],
      [1, 0, 0, 0],
      [1, 0, 0, 0],
      [0.6, 0.8, 0, 0],
      [0, 0, 1, 0],
      [0, 1, 0, 0],
    ]);
    const session = new SearchSession(library);
    const ask = async (photo: number): Promise<[string, string][]> => {
      const answer = await session.search({ photo: photos[photo]!.hash, set: key, method: 'cosine', top: 10 });
      return answer.hits.map((h) => [h.photo, h.score.toFixed(4)]);
    };
    const [a, d, b] = [photos[0]!.hash, photos[3]!.hash, photos[1]!.hash];
    expect(await ask(0)).toEqual([
      [a, '1.0000'],
      [d, '0.6000'],
      [b, '0.0000'],
    ]);
    expect(await ask(3)).toEqual([
      [d, '1.0000'],
      [b, '0.8000'],
      [a, '0.6000'],
    ]);
    expect(await ask(1)).toEqual([
      [b, '1.0000'],
      [d, '0.8000'],
      [a, '0.0000'],
    ]);
    await session.close();
  });

  it('is refused where the two rows of a photo differ by more than rounding', async () => {
    const hashes = [photos[2]!.hash, 'cc'.repeat(16), photos[2]!.hash];
    const key = store(hashes, [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0.9, 0.4, 0, 0],
    ]);
    await expect(loadSet(library, key)).rejects.toMatchObject({
      code: 'INPUT_CORRUPT',
      message: 'Rows 0 and 2 of this set are one photo, and their descriptors differ',
      file: library.file('descriptors', `${key}.npy`),
    });
    const near = store(hashes, [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [1, 0.0004, 0, 0],
    ]);
    expect([...(await loadSet(library, near)).vectors.data]).toEqual([1, 0, 0, 0]);
    // Two that differ are of no matter where the photo is none of the library.
    const strange = store(
      ['cc'.repeat(16), 'cc'.repeat(16), photos[2]!.hash],
      [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
      ],
    );
    expect([...(await loadSet(library, strange)).vectors.data]).toEqual([0, 0, 1, 0]);
  });
});

describe('lists of unequal length', () => {
  const vectors = { data: new Float32Array(2 * DIM).fill(0.5), rows: 2, dim: DIM };
  it('are no set', () => {
    const whole = { name: 'n', vectors, hashes: [photos[0]!.hash, photos[1]!.hash], regional: false, half: false };
    for (const wrong of [
      { ...whole, hashes: [photos[0]!.hash] },
      { ...whole, hashes: [...whole.hashes, photos[2]!.hash] },
      { ...whole, hashes: [photos[0]!.hash, photos[1]!.hash.slice(2)] },
      { ...whole, vectors: { ...vectors, rows: 3 } },
      { ...whole, regional: true, boxes: new Float32Array(4) },
    ])
      expect(() => storeSet(library, wrong)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('of boxes and regions are refused when they are read', async () => {
    const key = store(
      [photos[0]!.hash, photos[0]!.hash],
      [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
      ],
      new Float32Array(8),
    );
    const file = library.file('descriptors', `${key}.boxes.npy`);
    for (const [data, shape] of [
      [new Float32Array(4), [1, 4]],
      [new Float32Array(8), [4, 2]],
      [new Uint8Array(8), [2, 4]],
    ] as const) {
      writeNpy(file, data, [...shape]);
      noteStored(library, [file]);
      await expect(loadSet(library, key)).rejects.toMatchObject({ code: 'INPUT_CORRUPT', file });
    }
  });
});
