import Database from 'better-sqlite3';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { verifyRanks } from '../../../src/main/engine/evaluation/verify-ranks.ts';
import { readPairLists } from '../../../src/main/engine/exchange/pair-readers/retrieval-sfm.ts';
import { readNpyRows } from '../../../src/main/engine/formats/npy.ts';
import { readPickle } from '../../../src/main/engine/formats/pickle.ts';
import { Hdf5File } from '../../../src/main/engine/formats/hdf5.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { storedNetwork } from '../../../src/main/engine/network/zoo.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { clusterArray, listClusters, viewPoints } from '../../../src/main/engine/sfm/clusters.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { NO_PHOTOS } from '../../../src/main/engine/sfm/read.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { somePoints, writePhoto, writeTextModel } from '../../support/colmap.ts';
import { openMvg } from '../../support/foreign-models.ts';
import { ROOT } from '../../support/programs.ts';

const place = mkdtempSync(join(tmpdir(), 'covis-found-'));
afterAll(() => {
  rmSync(place, { recursive: true, force: true });
});
let files = 0;
const put = (ending: string, content: string | Uint8Array): string => {
  const file = join(place, `${(files += 1)}${ending}`);
  writeFileSync(file, content);
  return file;
};

/** The error that work ends in, which has to be one of Covis that names its file. */
async function refusal(work: () => unknown): Promise<CovisError> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(CovisError);
    expect((error as CovisError).file).toBeDefined();
    return error as CovisError;
  }
  throw new Error('It was not refused');
}

const reader = (format: string): (typeof MODEL_READERS)[number] => MODEL_READERS.find((r) => r.format === format)!;

describe('observations that single precision cannot hold', () => {
  it('are refused of COLMAP, with where they lie', async () => {
    const folder = join(place, 'model');
    writeTextModel(folder, { points: somePoints(3), images: [{ name: 'a.jpg', at: [0, 0, 0], sees: [1, 2, 3] }] });
    const file = join(folder, 'images.txt');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/\n\S+ (\S+) 1 /, '\n1e39 $1 1 '));
    const error = await refusal(() => reader('txt').read(folder, NO_PHOTOS, () => undefined));
    expect(error.message).toMatch(/^An observation lies at 1e\+39, .*, where no image is$/);
    expect(error.code).toBe('INPUT_CORRUPT');
  });

  it('are refused of other programs', async () => {
    const file = join(place, 'sfm_data.json');
    openMvg(file);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"x":[50,40]', '"x":[50,-3.5e38]'));
    const error = await refusal(() => reader('openmvg').read(file, NO_PHOTOS, () => undefined));
    expect(error.message).toContain('An observation lies at 50, -3.5e+38');
  });

  it("leave a point's error unknown, as COLMAP writes the largest number for a point behind its cameras", () => {
    const folder = join(place, 'behind');
    writeTextModel(folder, { points: somePoints(3), images: [{ name: 'a.jpg', at: [0, 0, 0], sees: [1, 2, 3] }] });
    const file = join(folder, 'points3D.txt');
    const [first, ...rest] = readFileSync(file, 'utf8').split('\n') as [string, ...string[]];
    writeFileSync(file, [first.replace(' 0.5 ', ` ${Math.sqrt(Number.MAX_VALUE)} `), ...rest].join('\n'));
    const [model] = reader('txt').read(folder, NO_PHOTOS, () => undefined);
    expect([...model!.pointError]).toEqual([-1, 0.5, 0.5]);
  });
});

describe('pickles', () => {
  it('that name a callable by a dictionary are refused in words', async () => {
    const file = put('.pkl', Buffer.from('\x80\x04}\x8c\x01a\x93.', 'latin1'));
    const error = await refusal(() => readPickle(file));
    expect(error.message).toContain('names a callable by what is no text');
  });

  /** numpy's array of a shape, with a list or bytes of doubles as its content. */
  const array = (shape: string, content: string): string =>
    put(
      '.pkl',
      Buffer.from(
        `\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01${shape}cnumpy\ndtype\n(U\x02f8K\x00K\x01tR\x89${content}tb.`,
        'latin1',
      ),
    );

  it('have arrays of a shape that there is', async () => {
    const eight = 'C\x08\0\0\0\0\0\0\xf0?';
    expect(readPickle(array('K\x01\x85', eight))).toMatchObject({ shape: [1], data: Float64Array.of(1) });
    // Minus one by minus one is one number, too.
    const minus = 'J\xff\xff\xff\xff';
    const error = await refusal(() => readPickle(array(`${minus}${minus}\x86`, eight)));
    expect(error.message).toContain('has an absurd shape');
  });

  it('have as many objects in an array as its shape says', async () => {
    expect(readPickle(array('K\x02\x85', '](K\x07K\x08e'))).toEqual([7, 8]);
    const error = await refusal(() => readPickle(array('K\x03\x85', '](K\x07K\x08e')));
    expect(error.message).toContain('has 2 items, not 3');
  });

  it('of pairs that hold a dictionary where a number belongs say so', async () => {
    const side =
      '}(X\x04\0\0\0cids](X\x01\0\0\0aX\x01\0\0\0beX\x07\0\0\0cluster](K\0K\0eX\x05\0\0\0qidxs](K\0eX\x05\0\0\0pidxs](}eu';
    const file = put('.pkl', Buffer.from(`\x80\x02}(X\x05\0\0\0train${side}X\x03\0\0\0val${side}u.`, 'latin1'));
    const error = await refusal(() => readPairLists(file));
    expect(error.message).toContain('train.pidxs holds something that is neither text nor number');
  });
});

describe('HDF5 that is damaged inside', () => {
  const damaged = (name: string, at: number, value: number): string => {
    const bytes = readFileSync(join(ROOT, 'test', 'fixtures', 'descriptors', name));
    bytes[at] = value;
    return put('.h5', bytes);
  };

  it.each([
    ['a table of links', 6443, 87],
    ['the head of a dataset', 6912, 0],
  ])('is refused where it is %s', async (_, at, value) => {
    const h5 = await Hdf5File.open(damaged('hloc.h5', at, value));
    try {
      const error = await refusal(() => h5.arrays().map((a) => h5.read(a.path)));
      expect(error).toMatchObject({ code: 'INPUT_CORRUPT' });
      expect(error.message).toMatch(/cannot be read$/);
      expect(error.message).not.toContain('HDF5-DIAG');
    } finally {
      h5.close();
    }
  });
});

describe('local features', () => {
  it('that are not as many as their keypoints are refused with their file', async () => {
    const bytes = readFileSync(join(ROOT, 'test', 'fixtures', 'descriptors', 'local.h5'));
    // The last number of each shape of 8 x 30 becomes 29.
    const [eight, thirty] = [Buffer.alloc(8), Buffer.alloc(8)];
    eight.writeBigUInt64LE(8n);
    thirty.writeBigUInt64LE(30n);
    const shape = Buffer.concat([eight, thirty]);
    for (let at = bytes.indexOf(shape); at >= 0; at = bytes.indexOf(shape, at + 8)) bytes.writeBigUInt64LE(29n, at + 8);
    const file = put('.h5', bytes);
    const ranks = { k: 1, ids: Uint32Array.of(0), scores: Float32Array.of(0.5) };
    const error = await refusal(() => verifyRanks(ranks, ['1.jpg'], ['q.jpg'], file, 1, silentContext()));
    expect(error).toMatchObject({
      code: 'INPUT_CORRUPT',
      file,
      message: 'q.jpg has 30 x 2 keypoints and 29 descriptors',
    });
  });
});

describe('a library', () => {
  const make = async (name: string): Promise<string> => {
    const scene = join(place, `${name}-scene`);
    const sees = [1, 2, 3, 4];
    const images = ['a.jpg', 'b.jpg'].map((n, i) => ({ name: n, at: [0.2 * i, 0, 0] as const, sees }));
    writeTextModel(join(scene, 'sparse', '0'), { points: somePoints(4), images });
    for (const [i, { name: n }] of images.entries()) await writePhoto(join(scene, 'images', n), i, [24, 18]);
    const path = join(place, name);
    const library = Library.create(path);
    await importSources(library, { sources: [scene] }, silentContext());
    library.close();
    return path;
  };

  it('whose table lacks a column is refused with its name, and left as it is', async () => {
    const path = await make('renamed');
    const db = new Database(join(path, 'library.db'));
    db.exec('ALTER TABLE truth RENAME COLUMN content TO contents');
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    const before = readFileSync(join(path, 'library.db'));
    const error = await refusal(() => Library.open(path));
    expect(error).toMatchObject({ code: 'INPUT_UNSUPPORTED' });
    expect(error.message).toContain('it lacks truth.content');
    expect(readFileSync(join(path, 'library.db')).equals(before)).toBe(true);
  });

  it('with an array that does not fit its cluster says which', async () => {
    const path = await make('arrays');
    const library = Library.open(path);
    try {
      const { id } = listClusters(library)[0]!;
      expect([...viewPoints(library, id, 0)].sort()).toEqual([0, 1, 2, 3]);
      const file = library.file('clusters', id, 'view_offsets.npy');
      const sound = readFileSync(file);
      const bytes = Buffer.from(sound);
      // Offsets of two views are three numbers, the last of the file; the first view now ends before it begins.
      bytes.writeUInt32LE(9, bytes.length - 12);
      writeFileSync(file, bytes);
      const error = await refusal(() => viewPoints(library, id, 0));
      expect(error).toMatchObject({ code: 'INPUT_CORRUPT', file });
      expect(error.hint).toContain('covis check');
      writeFileSync(file, sound);
      const points = library.file('clusters', id, 'points.npy');
      writeFileSync(points, readFileSync(points).toString('latin1').replace('(4, 3)', '(4,-3)'), 'latin1');
      expect((await refusal(() => clusterArray(library, id, 'points'))).message).toContain('impossible shape (4, -3)');
      expect(() => readNpyRows(points, 0, 1)).toThrow(CovisError);
    } finally {
      library.close();
    }
  });
});

describe('descriptions of downloaded networks', () => {
  it('that are no JSON are refused with what to do', async () => {
    const store = join(place, 'networks');
    mkdirSync(store);
    cpSync(join(ROOT, 'test', 'fixtures', 'mobilenet.onnx'), join(store, 'small.onnx'));
    writeFileSync(join(store, 'small.json'), '{"name":"Small"');
    const before = process.env['COVIS_NETWORKS'];
    process.env['COVIS_NETWORKS'] = store;
    try {
      const error = await refusal(() => storedNetwork('small'));
      expect(error).toMatchObject({ code: 'INPUT_CORRUPT', file: join(store, 'small.json') });
      expect(error.hint).toContain('add the network again');
    } finally {
      if (before === undefined) delete process.env['COVIS_NETWORKS'];
      else process.env['COVIS_NETWORKS'] = before;
    }
  });
});

describe('sentences', () => {
  it('quote no more of a file than can be read', () => {
    const { message } = new CovisError('INPUT_CORRUPT', `This holds ${'x'.repeat(100_000)}`);
    expect(message.length).toBeLessThan(1500);
    expect(message).toMatch(/^This holds x+…$/);
  });
});
