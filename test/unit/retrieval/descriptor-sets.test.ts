import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpy, writeNpy } from '../../../src/main/engine/formats/npy.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import type { NetworkRow } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { describedPhotos, descriptorVersion, loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
import { importVectors } from '../../../src/main/engine/retrieval/import-vectors.ts';
import {
  listSets,
  loadSet,
  networkSet,
  removeSet,
  setKey,
  storeSet,
} from '../../../src/main/engine/retrieval/vector-sets.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SYNTHETIC_PIXELS, syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
let library: Library;
let network: NetworkRow;
/** Content hash of each photo, `0.jpg` first. */
let hashes: string[];
beforeAll(() => {
  ({ library, network } = syntheticLibrary(join(folder, 'library'), {
    photos: 6,
    clusters: 2,
    dim: 3,
    pairsPerPhoto: 2,
    seed: 1,
  }));
  hashes = allPhotos(library).map((p) => p.hash);
});
afterAll(() => library.close());

const list = (v: ArrayLike<number>): number[] => Array.from(v);
const set = (name: string, content: string): string => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};
const lines = (...rows: [string, unknown][]): string =>
  rows.map(([name, descriptor]) => `${JSON.stringify({ name, descriptor })}\n`).join('');

describe('imported descriptors', () => {
  it('belong to the photos of their names, with folders, with endings or bare, at unit length', async () => {
    const file = set(
      'a.jsonl',
      lines(
        ['/nowhere/place_1/images/4.jpg', [3, 0, 4]],
        ['elsewhere/nobody.jpg', [1, 1, 1]],
        ['0.jpg', [0, 2, 0]],
        ['place_0\\images\\2.jpg', [0, 0, 5]],
        ['3', [0, 6, 8]],
      ),
    );
    const warnings: string[] = [];
    const changed: string[] = [];
    const task = { ...silentContext(warnings), changed: (what: string) => changed.push(what) };
    const report = await importVectors(library, { file }, task);
    expect(report).toEqual({
      set: report.set,
      name: 'a.jsonl',
      photos: 4,
      rows: 4,
      dim: 3,
      unknown: 1,
      bound: 4,
      missing: ['elsewhere/nobody.jpg'],
      ambiguous: [],
    });
    expect(report.set).toMatch(/^[0-9a-f]{32}$/);
    expect(warnings).toEqual(['1 of 5 images are no photos of this library, elsewhere/nobody.jpg']);
    expect(changed).toEqual(['descriptors']);
    const loaded = await loadSet(library, report.set);
    expect(list(loaded.ids)).toEqual([5, 1, 3, 4]);
    const expected = [0.6, 0, 0.8, 0, 1, 0, 0, 0, 1, 0, 0.6, 0.8];
    expect(loaded.vectors).toMatchObject({ rows: 4, dim: 3 });
    list(loaded.vectors.data).forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 6));
    expect(loaded).toMatchObject({ key: report.set, name: 'a.jsonl', network: undefined, size: undefined });
    expect(loaded.owners).toBeUndefined();
    expect(loaded.boxes).toBeUndefined();
  });

  it('say which names they do not know: three, and that there are more', async () => {
    const unknown = ['u', 'v', 'w', 'x'].map((n): [string, unknown] => [n, [1, 0]]);
    const told = async (n: number): Promise<string[]> => {
      const warnings: string[] = [];
      const file = set(`u${n}.jsonl`, lines(['1.jpg', [0, 1]], ...unknown.slice(0, n)));
      const { unknown: count } = await importVectors(library, { file }, silentContext(warnings));
      expect(count).toBe(n);
      return warnings;
    };
    expect(await told(0)).toEqual([]);
    expect(await told(3)).toEqual(['3 of 4 images are no photos of this library, u, v, w']);
    expect(await told(4)).toEqual(['4 of 5 images are no photos of this library, u, v, w, …']);
    await expect(
      importVectors(library, { file: set('none.jsonl', lines(...unknown)) }, silentContext()),
    ).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: 'None of the 4 names is a photo of this library, the first is u',
      file: join(folder, 'none.jsonl'),
    });
  });

  it('take names from a list where the file has none, one an image', async () => {
    const file = join(folder, 'plain.v2.npy');
    writeNpy(file, Float32Array.of(1, 0, 0, 1), [2, 2]);
    await expect(importVectors(library, { file }, silentContext())).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      file,
      hint: expect.stringContaining('Put the names in plain.v2.txt beside it') as string,
    });
    for (const names of [['0.jpg'], ['0.jpg', '1.jpg', '2.jpg']])
      await expect(importVectors(library, { file, names }, silentContext())).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: `There are ${names.length} names and 2 images`,
        file,
      });
    const made = await importVectors(library, { file, names: ['5.jpg', '2.jpg'], name: 'Mine' }, silentContext());
    expect(made.name).toBe('Mine');
    expect(list((await loadSet(library, made.set)).ids)).toEqual([6, 3]);
    const zero = join(folder, 'zero.npy');
    writeNpy(zero, Float32Array.of(1, 0, 0, 0), [2, 2]);
    await expect(
      importVectors(library, { file: zero, names: ['0.jpg', '1.jpg'] }, silentContext()),
    ).rejects.toMatchObject({ code: 'INPUT_INVALID', message: 'Row 1 of the descriptors is all zeros', file: zero });
  });

  it('with several rows an image are regions, kept together by photo', async () => {
    const file = set(
      'regions.jsonl',
      lines(
        [
          '2.jpg',
          [
            [1, 0],
            [0, 1],
          ],
        ],
        ['nobody', [[1, 1]]],
        ['0.jpg', [[0, 3]]],
      ),
    );
    const { set: key, photos, rows, unknown } = await importVectors(library, { file }, silentContext());
    expect([photos, rows, unknown]).toEqual([2, 3, 1]);
    const loaded = await loadSet(library, key);
    expect(list(loaded.ids)).toEqual([3, 1]);
    expect(list(loaded.owners!)).toEqual([0, 0, 1]);
    expect(list(loaded.vectors.data)).toEqual([1, 0, 0, 1, 0, 1]);
    expect((await listSets(library)).find((s) => s.key === key)).toMatchObject({ regional: true, rows: 3, photos: 2 });
  });

  it('do not guess between two photos of one name', async () => {
    const { db } = library;
    db.prepare(
      "INSERT INTO photo_file (photo_id, scene_id, name, modified, bytes) VALUES (6, 2, 'twin.jpg', 0, 1)",
    ).run();
    db.prepare(
      "INSERT INTO photo_file (photo_id, scene_id, name, modified, bytes) VALUES (1, 1, 'twin.jpg', 0, 1)",
    ).run();
    // The same photo under two folders is no doubt.
    db.prepare(
      "INSERT INTO photo_file (photo_id, scene_id, name, modified, bytes) VALUES (2, 1, 'once.jpg', 0, 1)",
    ).run();
    db.prepare(
      "INSERT INTO photo_file (photo_id, scene_id, name, modified, bytes) VALUES (2, 2, 'once.jpg', 0, 1)",
    ).run();
    const ids = async (...names: string[]): Promise<number[]> => {
      const file = set('twins.jsonl', lines(...names.map((n): [string, unknown] => [n, [1, 2]])));
      return list((await loadSet(library, (await importVectors(library, { file }, silentContext())).set)).ids);
    };
    expect(await ids('twin.jpg', 'twin', 'once.jpg')).toEqual([2]);
    expect(await ids('/nowhere/place_0/images/twin.jpg', '/nowhere/place_1/images/twin.jpg')).toEqual([1, 6]);
    db.prepare("DELETE FROM photo_file WHERE name IN ('twin.jpg', 'once.jpg')").run();
  });

  it('of half precision are stored in two bytes a number', async () => {
    const file = set('half.jsonl', lines(['1.jpg', [1, 3, 7]]));
    const whole = await importVectors(library, { file }, silentContext());
    const half = await importVectors(library, { file, half: true }, silentContext());
    expect(half.set).not.toBe(whole.set);
    const stored = list((await loadSet(library, half.set)).vectors.data);
    const exact = [1, 3, 7].map((v) => v / Math.sqrt(59));
    stored.forEach((v, i) => expect(Math.abs(v - exact[i]!)).toBeLessThan(1e-3));
    expect(stored).not.toEqual(list((await loadSet(library, whole.set)).vectors.data));
    const infos = await listSets(library);
    expect([half, whole].map((s) => infos.find((i) => i.key === s.set)!.half)).toEqual([true, false]);
  });
});

describe('the list of sets', () => {
  it('says what each covers, newest first, and which file has changed since', async () => {
    const file = set('listed.jsonl', lines(...[0, 1, 2, 3, 4, 5].map((i): [string, unknown] => [`${i}.jpg`, [1, i]])));
    const all = await importVectors(library, { file, name: 'all' }, silentContext());
    const some = await importVectors(
      library,
      { file: set('some.jsonl', lines(['0.jpg', [1, 0]])), name: 'some' },
      silentContext(),
    );
    const { db } = library;
    const age = (key: string, at: string): unknown =>
      db.prepare('UPDATE vector_set SET created = ? WHERE uid = ?').run(at, key);
    age(all.set, '2031-01-01T00:00:00.000Z');
    age(some.set, '2032-01-01T00:00:00.000Z');
    db.prepare("UPDATE descriptor_set SET created = '2033-01-01T00:00:00.000Z'").run();
    const [own, first, second] = await listSets(library);
    expect(own).toEqual({
      key: `${network.uid}-${SYNTHETIC_PIXELS}`,
      name: `Synthetic, ${SYNTHETIC_PIXELS} px`,
      network: network.uid,
      size: SYNTHETIC_PIXELS,
      regional: false,
      dim: 3,
      rows: 6,
      photos: 6,
      half: false,
      created: '2033-01-01T00:00:00.000Z',
      precision: 'single',
      stale: null,
    });
    expect(first).toMatchObject({
      key: some.set,
      name: 'some',
      stale: 'covers 1 of 6 photos',
      network: null,
      size: null,
    });
    expect(second).toMatchObject({
      key: all.set,
      stale: null,
      dim: 2,
      rows: 6,
      photos: 6,
      regional: false,
      half: false,
    });
    writeFileSync(file, lines(['0.jpg', [1, 0]]));
    expect((await listSets(library))[2]!.stale).toBe('its file has changed since it was imported');
    db.prepare('UPDATE descriptor_set SET rows = 4').run();
    expect((await listSets(library))[0]!.stale).toBe('covers 4 of 6 photos');
    db.prepare('UPDATE descriptor_set SET rows = 6').run();
    // Written again as it was, it is the same: content counts, not time.
    writeFileSync(file, lines(...[0, 1, 2, 3, 4, 5].map((i): [string, unknown] => [`${i}.jpg`, [1, i]])));
    utimesSync(file, 1e9, 1e9);
    expect((await listSets(library))[2]!.stale).toBeNull();
  });

  it('loses a set that is removed, and its files', async () => {
    const box = Float32Array.of(0, 0, 1, 1, 0.5, 0.25, 0.5, 0.75);
    const vectors = { data: Float32Array.of(1, 0, 0, 1), rows: 2, dim: 2 };
    const key = storeSet(library, {
      name: 'boxes',
      vectors,
      hashes: [hashes[3]!, hashes[3]!],
      boxes: box,
      regional: true,
      half: false,
      network,
      size: 77,
    });
    // Stored again it is the same set.
    expect(
      storeSet(library, {
        name: 'boxes',
        vectors,
        hashes: [hashes[3]!, hashes[3]!],
        boxes: box,
        regional: true,
        half: false,
      }),
    ).toBe(key);
    expect((await listSets(library)).filter((s) => s.key === key)).toHaveLength(1);
    const loaded = await loadSet(library, key);
    expect(loaded).toMatchObject({ size: 77, network: { uid: network.uid } });
    expect(list(loaded.boxes!)).toEqual(list(box));
    expect(list(loaded.owners!)).toEqual([0, 0]);
    const files = (): string[] => readdirSync(library.file('descriptors')).filter((f) => f.startsWith(key));
    expect(files().sort()).toEqual([`${key}.boxes.npy`, `${key}.ids.npy`, `${key}.npy`]);
    removeSet(library, key);
    expect(files()).toEqual([]);
    expect((await listSets(library)).some((s) => s.key === key)).toBe(false);
    expect(() => removeSet(library, key)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    await expect(loadSet(library, key)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('tells sets apart by name, kind, rows and photos', () => {
    const base = {
      name: 'n',
      vectors: { data: Float32Array.of(1, 0, 0, 1), rows: 2, dim: 2 },
      hashes: [hashes[0]!, hashes[1]!],
      regional: false,
      half: false,
    };
    const keys = [
      base,
      { ...base, name: 'm' },
      { ...base, regional: true },
      { ...base, half: true },
      { ...base, hashes: [hashes[1]!, hashes[0]!] },
      { ...base, vectors: { ...base.vectors, data: Float32Array.of(0, 1, 0, 1) } },
    ].map((s) => storeSet(library, s));
    expect(new Set(keys).size).toBe(6);
    keys.forEach((k) => removeSet(library, k));
  });
});

describe('a stored set', () => {
  const stored = (more: { boxes?: Float32Array; regional?: boolean } = {}): string =>
    storeSet(library, {
      name: 'S',
      vectors: { data: Float32Array.of(1, 0, 0, 1, 0.6, 0.8), rows: 3, dim: 2 },
      hashes: [hashes[4]!, 'ff'.repeat(16), hashes[2]!],
      regional: false,
      half: false,
      ...more,
    });

  it('leaves out rows of photos that the library no longer has, and their boxes', async () => {
    expect(list((await loadSet(library, stored())).vectors.data)).toEqual([1, 0, Math.fround(0.6), Math.fround(0.8)]);
    const boxes = Float32Array.from({ length: 12 }, (_, i) => i);
    const loaded = await loadSet(library, stored({ boxes, regional: true }));
    expect(list(loaded.ids)).toEqual([5, 3]);
    expect(list(loaded.owners!)).toEqual([0, 1]);
    expect(list(loaded.boxes!)).toEqual([0, 1, 2, 3, 8, 9, 10, 11]);
  });

  it('that does not fit what the library says of it is damaged', async () => {
    const key = stored();
    const at = (end: string): string => library.file('descriptors', `${key}.${end}`);
    const good = { data: readNpy(at('npy')), ids: readNpy(at('ids.npy')) };
    const refused = async (): Promise<void> => {
      await expect(loadSet(library, key)).rejects.toMatchObject({ code: 'INPUT_CORRUPT', file: at('npy') });
      writeNpy(at('npy'), good.data.data, [3, 2]);
      writeNpy(at('ids.npy'), good.ids.data, [3, 16]);
      await loadSet(library, key);
    };
    writeNpy(at('npy'), Float32Array.of(1, 0, 0, 1), [2, 2]);
    await refused();
    writeNpy(at('npy'), new Float32Array(9).fill(1), [3, 3]);
    await refused();
    writeNpy(at('npy'), new Uint8Array(6).fill(1), [3, 2]);
    await refused();
    writeNpy(at('ids.npy'), (good.ids.data as Uint8Array).slice(0, 32), [2, 16]);
    await refused();
    writeNpy(at('ids.npy'), new Float32Array(48), [3, 16]);
    await refused();
  });
});

describe("a network's own descriptors", () => {
  it('are a set under network and size; without any there is none', async () => {
    expect(setKey(network, 320)).toBe(`${network.uid}-320`);
    const own = networkSet(library, network, SYNTHETIC_PIXELS);
    expect(own).toMatchObject({ key: `${network.uid}-320`, name: 'Synthetic, 320 px', size: 320 });
    expect(list(own.ids)).toEqual([1, 2, 3, 4, 5, 6]);
    expect([own.vectors.rows, own.vectors.dim, own.vectors.data.length]).toEqual([6, 3, 18]);
    expect((await loadSet(library, setKey(network, 320))).ids).toEqual(own.ids);
    await expect(loadSet(library, setKey(network, 321))).rejects.toMatchObject({ code: 'STATE_EMPTY' });
    expect(() => networkSet(library, network, 128)).toThrow(expect.objectContaining({ code: 'STATE_EMPTY' }));
    expect(describedPhotos(library, network, 320)).toBe(6);
    expect(describedPhotos(library, network, 128)).toBeUndefined();
    expect(descriptorVersion(library, network, 320)).toMatch(/^6 \d{4}-/);
    expect(descriptorVersion(library, network, 128)).toBe('');
  });

  it('leave out photos that the library no longer has, and are refused while a file is missing', () => {
    const base = library.file('descriptors', `${network.uid}-64`);
    library.db
      .prepare('INSERT INTO descriptor_set (network_id, size, rows, created) VALUES (?, 64, 3, ?)')
      .run(network.id, 'x');
    const names = (...h: string[]): Uint8Array => new Uint8Array(Buffer.from(h.join(''), 'hex'));
    const rows = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    writeNpy(`${base}.npy`, Float32Array.from(rows), [3, 3]);
    expect(() => loadDescriptors(library, network, 64)).toThrow(
      expect.objectContaining({ code: 'INPUT_MISSING', file: `${base}.ids.npy` }) as Error,
    );
    writeNpy(`${base}.ids.npy`, names('ee'.repeat(16), hashes[5]!, hashes[0]!), [3, 16]);
    const found = loadDescriptors(library, network, 64);
    expect(list(found.ids)).toEqual([6, 1]);
    expect(list(found.data)).toEqual([4, 5, 6, 7, 8, 9]);
    // A crash between the two files leaves rows without a name.
    writeNpy(`${base}.ids.npy`, names(hashes[1]!, hashes[2]!), [2, 16]);
    expect(list(loadDescriptors(library, network, 64).data)).toEqual([1, 2, 3, 4, 5, 6]);
    const damaged = (): void =>
      expect(() => loadDescriptors(library, network, 64)).toThrow(
        expect.objectContaining({ code: 'INPUT_CORRUPT', file: `${base}.npy`, hint: 'Delete it and extract again.' }),
      );
    writeNpy(`${base}.ids.npy`, names(hashes[0]!, hashes[1]!, hashes[2]!, hashes[3]!), [4, 16]);
    damaged();
    writeNpy(`${base}.ids.npy`, names(hashes[0]!, hashes[1]!), [4, 8]);
    damaged();
    writeNpy(`${base}.ids.npy`, new Float32Array(32), [2, 16]);
    damaged();
    writeNpy(`${base}.ids.npy`, names(hashes[0]!), [1, 16]);
    writeNpy(`${base}.npy`, Float32Array.from(rows.slice(0, 4)), [2, 2]);
    damaged();
    writeNpy(`${base}.npy`, new Uint8Array(3), [1, 3]);
    damaged();
    expect(existsSync(`${base}.npy`)).toBe(true);
  });
});
