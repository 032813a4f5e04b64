import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CovisError } from '../../../src/shared/errors.ts';
import { FeatureDetector, FEATURE_SIZE } from '../../../src/main/engine/features/detect.ts';
import { computeLooks, DUPLICATE_BITS, duplicateGroups } from '../../../src/main/engine/features/duplicates.ts';
import { sift } from '../../../src/main/engine/features/sift.ts';
import { extractFeatures, hasFeatures, readFeatures } from '../../../src/main/engine/features/store.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

/** What looking at a photo shall give, by the name of its file. */
const looks = vi.hoisted(() => new Map<string, string | Error>());
vi.mock('../../../src/main/engine/library/looks.ts', async (original) => ({
  ...(await original<object>()),
  lookOf: (file: string) => {
    const look = looks.get(file.replace(/^.*[\\/]/, ''));
    return look instanceof Error ? Promise.reject(look) : Promise.resolve(look ?? '0'.repeat(16));
  },
}));
// There are no files behind the photos but those that a test puts there: what is done with one is done with a name.
const photos = vi.hoisted(() => ({ folder: '/nowhere' }));
vi.mock('../../../src/main/engine/library/current-photo.ts', async (original) => ({
  ...(await original<object>()),
  ofCurrentPhoto: (_: unknown, id: number, work: (file: string) => Promise<unknown>) =>
    work(`${photos.folder}/${id - 1}.jpg`),
}));

const folder = temporaryFolder();
let library: Library;
let hashes: string[];
beforeAll(() => {
  ({ library } = syntheticLibrary(join(folder, 'library'), {
    photos: 70,
    clusters: 1,
    dim: 2,
    pairsPerPhoto: 1,
    seed: 3,
  }));
  hashes = allPhotos(library).map((p) => p.hash);
});
afterAll(() => library.close());

const at = (hash: string): string => library.file('features', hash.slice(0, 2), `${hash}.sift1`);
/** A file as store.ts describes it: magic, count, frames of four floats, descriptors of 128 bytes. */
const put = (hash: string, count: number, bytes: number, magic = 0x31465643): void => {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(magic, 0);
  head.writeUInt32LE(count, 4);
  mkdirSync(dirname(at(hash)), { recursive: true });
  const body = Buffer.alloc(bytes);
  for (let i = 0; i < Math.min(bytes, 16 * count) / 4; i += 1) body.writeFloatLE(i / 2, 4 * i);
  for (let i = 16 * count; i < bytes; i += 1) body[i] = i % 251;
  writeFileSync(at(hash), Buffer.concat([head, body]));
};

describe('stored features', () => {
  it('are frames and then descriptors', () => {
    const hash = hashes[0]!;
    expect(hasFeatures(library, hash)).toBe(false);
    expect(() => readFeatures(library, hash)).toThrow(expect.objectContaining({ code: 'STATE_EMPTY', file: at(hash) }));
    put(hash, 2, 2 * (16 + 128));
    expect(hasFeatures(library, hash)).toBe(true);
    const { count, frames, descriptors } = readFeatures(library, hash);
    expect(count).toBe(2);
    expect([...frames]).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]);
    expect([...descriptors]).toEqual(Array.from({ length: 256 }, (_, i) => (32 + i) % 251));
    put(hash, 0, 0);
    expect(readFeatures(library, hash)).toEqual({
      count: 0,
      frames: new Float32Array(0),
      descriptors: new Uint8Array(0),
    });
  });

  it('are damaged where the file is not as long as it says, or is none', () => {
    const hash = hashes[1]!;
    const damaged = (): void =>
      expect(() => readFeatures(library, hash)).toThrow(
        expect.objectContaining({
          code: 'INPUT_CORRUPT',
          file: at(hash),
          hint: 'Delete the file; it is computed again.',
        }),
      );
    for (const bytes of [143, 145, 0, 288]) {
      put(hash, 1, bytes);
      damaged();
    }
    put(hash, 1, 144, 0x31465642);
    damaged();
    for (const length of [0, 7]) {
      writeFileSync(at(hash), Buffer.alloc(length));
      damaged();
    }
    put(hash, 1, 144);
    expect(readFeatures(library, hash).count).toBe(1);
  });
});

describe('detection', () => {
  it('looks at photos of at most 1024 pixels and answers in those of the file', async () => {
    expect(FEATURE_SIZE).toBe(1024);
    const draw = (width: number, height: number): Promise<Buffer> => {
      const spots = Array.from({ length: 30 }, (_, i) => {
        const [x, y] = [((i * 37) % 97) / 97, ((i * 61) % 89) / 89];
        return `<circle cx="${(0.1 + 0.8 * x) * width}" cy="${(0.1 + 0.8 * y) * height}" r="${(0.008 + 0.0015 * (i % 9)) * width}" fill="rgb(${i * 8},${i * 8},${i * 8})"/>`;
      }).join('');
      return sharp(
        Buffer.from(
          `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#888"/>${spots}</svg>`,
        ),
      )
        .png()
        .toBuffer();
    };
    const detector = new FeatureDetector(undefined, 2);
    expect(detector.threads).toBe(2);
    const small = await draw(1024, 512);
    const [a, b] = await Promise.all([detector.detect(small), detector.detect(small)]);
    const { data, info } = await sharp(small)
      .flatten({ background: '#ffffff' })
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const grey = Float32Array.from({ length: info.width * info.height }, (_, i) => data[i * info.channels]! / 255);
    const plain = sift(grey, 1024, 512);
    expect(a.count).toBeGreaterThan(15);
    expect(a.frames).toEqual(plain.frames);
    expect(b.descriptors).toEqual(plain.descriptors);
    // Twice as large it is shrunk, and frames are in its own pixels: places and sizes, not angles.
    const file = join(folder, 'large.png');
    writeFileSync(file, await sharp(small).resize(2048, 1024, { kernel: 'cubic' }).png().toBuffer());
    const large = await detector.detect(file);
    const near = (x: number, y: number): [number, number, number] => {
      let best = Infinity;
      let at = 0;
      for (let i = 0; i < plain.count; i += 1) {
        const d = Math.hypot(2 * plain.frames[4 * i]! - x, 2 * plain.frames[4 * i + 1]! - y);
        if (d < best) [best, at] = [d, i];
      }
      return [best, plain.frames[4 * at + 2]!, plain.frames[4 * at + 3]!];
    };
    let same = 0;
    for (let i = 0; i < large.count; i += 1) {
      const [distance, size, angle] = near(large.frames[4 * i]!, large.frames[4 * i + 1]!);
      const ratio = large.frames[4 * i + 2]! / size;
      if (distance < 6 && ratio > 1.8 && ratio < 2.2 && Math.abs(large.frames[4 * i + 3]! - angle) < 0.2) same += 1;
    }
    expect(same / large.count).toBeGreaterThan(0.3);
    const broken = join(folder, 'broken.jpg');
    writeFileSync(broken, 'no photo');
    await expect(detector.detect(broken)).rejects.toMatchObject({ code: 'INPUT_CORRUPT', file: broken });
    await expect(detector.detect(Buffer.from('x'))).rejects.toMatchObject({ code: 'INPUT_CORRUPT', file: undefined });
    await detector.close();
  });
});

describe('features of a library', () => {
  it('are looked for in threads that end, whether photos can be read or not', async () => {
    const close = vi.spyOn(FeatureDetector.prototype, 'close');
    const some = allPhotos(library).slice(10, 13);
    photos.folder = folder;
    for (const broken of [10, 11]) writeFileSync(join(folder, `${broken}.jpg`), 'no photo');
    const warnings: string[] = [];
    const done: number[] = [];
    const task = { ...silentContext(warnings), progress: (n: number) => done.push(n) };
    const { computed, failed } = await extractFeatures(library, some, task);
    expect([computed, [...failed.keys()].sort()]).toEqual([0, some.map((p) => p.id)]);
    expect(warnings.sort()).toEqual([
      `1 photo was left out: its file is gone or now holds another photo; put it back, or import the folder again: ${join(folder, '12.jpg')}`,
      `This photo cannot be decoded: ${join(folder, '10.jpg')}`,
      `This photo cannot be decoded: ${join(folder, '11.jpg')}`,
    ]);
    expect(done).toEqual([1, 2, 3]);
    expect(close).toHaveBeenCalledTimes(1);
    const stopping = {
      ...silentContext(),
      check: () => {
        throw new Error('stopped');
      },
    };
    await expect(extractFeatures(library, some, stopping)).rejects.toThrow('stopped');
    expect(close).toHaveBeenCalledTimes(2);
    // Where nothing is missing no thread is started.
    put(hashes[20]!, 1, 144);
    expect(await extractFeatures(library, allPhotos(library).slice(20, 21), task)).toEqual({
      computed: 0,
      failed: new Map(),
    });
    expect(close).toHaveBeenCalledTimes(2);
    close.mockRestore();
  });
});

describe('perceptual hashes of a library', () => {
  it('are computed once for each, kept though one cannot be read, and stop at any other error', async () => {
    const { db } = library;
    const left = (): number => db.prepare('SELECT COUNT(*) FROM photo WHERE look IS NULL').pluck().get() as number;
    expect(left()).toBe(70);
    looks.set('5.jpg', new CovisError('INPUT_CORRUPT', 'Broken', { file: '5.jpg' }));
    const warnings: string[] = [];
    const done: number[] = [];
    const changed: string[] = [];
    const task = {
      ...silentContext(warnings),
      progress: (n: number) => done.push(n),
      changed: (what: string) => changed.push(what),
    };
    expect(await computeLooks(library, task)).toBe(69);
    expect(left()).toBe(1);
    expect(warnings).toEqual(['Broken: 5.jpg']);
    expect(done).toEqual(Array.from({ length: 70 }, (_, i) => i + 1));
    expect(changed).toEqual(['photos']);
    db.prepare('UPDATE photo SET look = NULL WHERE id <= 8').run();
    looks.set('5.jpg', new Error('out of memory'));
    await expect(computeLooks(library, silentContext())).rejects.toThrow('out of memory');
    // What came before is kept.
    expect(left()).toBeLessThan(8);
    looks.delete('5.jpg');
    await computeLooks(library, silentContext());
    expect(left()).toBe(0);
    expect(await computeLooks(library, silentContext())).toBe(0);
  });

  it('are written 64 at a time, so that little is lost', async () => {
    const { db } = library;
    db.prepare('UPDATE photo SET look = NULL').run();
    const left: number[] = [];
    const task = {
      ...silentContext(),
      progress: () => left.push(db.prepare('SELECT COUNT(*) FROM photo WHERE look IS NULL').pluck().get() as number),
    };
    await computeLooks(library, task);
    expect(new Set(left)).toEqual(new Set([70, 6]));
    expect(left.filter((n) => n === 70).length).toBe(63);
  });

  it('group photos that differ in at most six bits, the largest first, of equals the heavier', () => {
    expect(DUPLICATE_BITS).toBe(6);
    const { db } = library;
    const look = (bits: number): string => ((1n << BigInt(bits)) - 1n).toString(16).padStart(16, '0');
    // All far from each other but those that are set below.
    for (let id = 1; id <= 70; id += 1)
      db.prepare('UPDATE photo SET look = ? WHERE id = ?').run(
        (((BigInt(id) * 0x9e3779b97f4a7c15n) & ((1n << 63n) - 1n)) | (1n << 63n)).toString(16).padStart(16, '0'),
        id,
      );
    const far = duplicateGroups(library);
    expect(far).toEqual([]);
    const set = (id: number, l: string | null, width: number, height: number, bytes: number): unknown =>
      db
        .prepare('UPDATE photo SET look = ?, width = ?, height = ?, bytes = ? WHERE id = ?')
        .run(l, width, height, bytes, id);
    set(1, look(0), 10, 30, 5);
    set(2, look(6), 20, 20, 1);
    set(3, look(12), 10, 30, 7);
    set(4, look(20), 90, 90, 1);
    const photos = (bits?: number): number[][] =>
      duplicateGroups(library, bits).map((g) => g.photos.map((p) => 1 + hashes.indexOf(p.photo)));
    // A chain of neighbours is one group; seven bits away is another photo.
    expect(photos()).toEqual([[2, 3, 1]]);
    expect(photos(5)).toEqual([]);
    expect(photos(8)).toEqual([[4, 2, 3, 1]]);
    const file = db.prepare(
      'INSERT INTO photo_file (photo_id, scene_id, name, modified, bytes) VALUES (?, 1, ?, 0, 1)',
    );
    file.run(2, 'b.jpg');
    file.run(9, 'a.jpg');
    set(10, null, 640, 480, 1);
    file.run(10, 'z.jpg');
    const groups = duplicateGroups(library);
    expect(groups.map((g) => g.photos.map((p) => [p.name, p.files]))).toEqual([
      [
        ['1.jpg', ['1.jpg', 'b.jpg']],
        ['2.jpg', ['2.jpg']],
        ['0.jpg', ['0.jpg']],
      ],
      [['8.jpg', ['8.jpg', 'a.jpg']]],
      [['9.jpg', ['9.jpg', 'z.jpg']]],
    ]);
    expect(groups[0]!.photos[0]).toMatchObject({ width: 20, height: 20, bytes: 1 });
    for (let i = 0; i < 25; i += 1) file.run(11, `many ${String(i).padStart(2, '0')}.jpg`);
    expect(duplicateGroups(library).at(-1)!.photos[0]!.files).toHaveLength(20);
  });
});
