import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePickle, readPickle } from '../../../src/main/engine/formats/pickle.ts';
import { readNpy } from '../../../src/main/engine/formats/npy.ts';
import { readMat5 } from '../../../src/main/engine/formats/mat5.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { readDescriptorFile } from '../../../src/main/engine/retrieval/descriptor-files.ts';
import { readGroundTruth } from '../../../src/main/engine/evaluation/ground-truth-files.ts';
import { TRUTH_READERS } from '../../../src/main/engine/evaluation/truth-readers/index.ts';
import { recognise } from '../../../src/main/engine/formats/recognise.ts';
import { DESCRIPTOR_READERS } from '../../../src/main/engine/retrieval/descriptor-readers/index.ts';
import { temporaryFolder } from '../../support/folders.ts';

const fixture = (name: string): string => join(import.meta.dirname, '../../fixtures/descriptors', name);
const folder = temporaryFolder();
const TRUTH_FILES = TRUTH_READERS.filter((r) => r.at === 'file');
const X = Array.from({ length: 15 }, (_, i) => (i + 1) / 4);

describe('descriptors written by numpy, scipy and h5py', () => {
  it.each(['x.npy', 'x_half.npy', 'x_fortran.npy', 'x_v5.mat', 'x_v73.mat', 'x.jsonl'])(
    '%s has the same rows',
    async (name) => {
      const { vectors, images } = await readDescriptorFile(fixture(name));
      expect([vectors.rows, vectors.dim, images]).toEqual([5, 3, 5]);
      expect(Array.from(vectors.data)).toEqual(X);
    },
  );

  it.each([
    ['x.npy', 'npy'],
    ['x_v5.mat', 'mat'],
    ['x_v73.mat', 'hdf5'],
    ['hloc.h5', 'hdf5'],
    ['x.jsonl', 'jsonl'],
  ])('%s is read as %s, by what it begins with where the format has a sign', async (name, format) => {
    expect(recognise(DESCRIPTOR_READERS, fixture(name))?.format).toBe(format);
    const renamed = join(folder, `${name}.dat`);
    copyFileSync(fixture(name), renamed);
    const { begins } = DESCRIPTOR_READERS.find((r) => r.format === format)!;
    expect(recognise(DESCRIPTOR_READERS, renamed)?.format).toBe(begins === undefined ? undefined : format);
    if (begins !== undefined)
      expect(await readDescriptorFile(renamed)).toEqual(await readDescriptorFile(fixture(name)));
  });

  it('hloc names come sorted, regions know their image, queries their variable', async () => {
    const hloc = await readDescriptorFile(fixture('hloc.h5'));
    expect(hloc.names).toEqual(['db/0.jpg', 'db/1.jpg', 'db/2.jpg']);
    expect(Array.from(hloc.vectors.data)).toEqual(X.slice(0, 9));
    const regions = await readDescriptorFile(fixture('regions_v5.mat'), 'reg.V');
    expect(Array.from(regions.owners!)).toEqual([0, 0, 0, 1, 1]);
    expect(regions.images).toBe(2);
    const queries = await readDescriptorFile(fixture('x_v5.mat'), undefined, 'queries');
    expect(Array.from(queries.vectors.data)).toEqual(X.slice(0, 6).map((v) => 2 * v));
    expect(Array.from(readNpy(fixture('ranks_int64.npy')).data)).toEqual([4, 0, 1, 2, 3, 0]);
  });

  it('says what is wrong with a file', async () => {
    const bad = async (name: string, text: string, code: string): Promise<void> => {
      writeFileSync(join(folder, name), text);
      await expect(readDescriptorFile(join(folder, name))).rejects.toMatchObject({ code, file: join(folder, name) });
    };
    await bad('a.jsonl', '{"name":"a","descriptor":[1,2]}\n{"name":"b","descriptor":[1]}\n', 'INPUT_INVALID');
    await bad('b.jsonl', '{"name":"a"}\n', 'INPUT_CORRUPT');
    await bad('c.jsonl', 'nonsense\n', 'INPUT_CORRUPT');
    await bad('d.mat', 'nonsense', 'INPUT_CORRUPT');
    await bad('e.h5', 'nonsense', 'INPUT_CORRUPT');
    await bad('g.npy', 'version https://git-lfs.github.com/spec/v1\n', 'INPUT_UNSUPPORTED');
    await bad('f.csv', '1,2', 'INPUT_UNSUPPORTED');
    await expect(readDescriptorFile(fixture('x_v5.mat'), 'nope')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: expect.stringContaining('X, Q'),
    });
    await expect(readDescriptorFile('/nowhere.npy')).rejects.toMatchObject({ code: 'INPUT_MISSING' });
  });
});

describe('pickles', () => {
  it.each([0, 2, 3, 4, 5])('protocol %i of plain data and numpy arrays', (protocol) => {
    const truth = readGroundTruth(fixture(`gnd_p${protocol}.pkl`), 'oxford');
    expect(truth.images).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(truth.queries).toEqual([
      { name: 'q1', bbx: [1, 2, 3, 4], row: null, labels: { ok: [0, 2], junk: [1] } },
      { name: 'a', bbx: null, row: 0, labels: { ok: [4], junk: [] } },
    ]);
  });

  it.each(['exploit_p0.pkl', 'exploit_p4.pkl'])('%s is refused by name and runs nothing', (name) => {
    rmSync('/tmp/covis-was-here', { force: true });
    expect(() => readPickle(fixture(name))).toThrow(
      expect.objectContaining({ code: 'INPUT_UNSUPPORTED', message: expect.stringContaining('system') }),
    );
    expect(existsSync('/tmp/covis-was-here')).toBe(false);
  });

  it('refuses cycles, truncation and unknown opcodes, and never hangs on damaged bytes', () => {
    expect(() => readPickle(fixture('loop.pkl'))).toThrow(/refers to itself/);
    const bytes = readFileSync(fixture('gnd_p4.pkl'));
    for (let n = 0; n < bytes.length; n += 7) expect(() => parsePickle(bytes.subarray(0, n), 'x')).toThrow(/pickle/i);
    const r = random(1);
    for (let t = 0; t < 2000; t += 1) {
      const copy = Uint8Array.from(bytes);
      for (let i = 0; i <= r.below(4); i += 1) copy[r.below(copy.length)] = r.below(256);
      try {
        parsePickle(copy, 'x');
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^INPUT/) });
      }
    }
  });
});

describe('ground truths', () => {
  it.each([
    ['gnd_p4.pkl', 'pickle'],
    ['gnd.mat', 'mat'],
  ])('%s is known as %s without its ending', (name, format) => {
    const renamed = join(folder, `${format}-truth`);
    copyFileSync(fixture(name), renamed);
    expect(recognise(TRUTH_FILES, renamed)?.format).toBe(format);
    expect(readGroundTruth(renamed, 'oxford').queries).toEqual(readGroundTruth(fixture(name), 'oxford').queries);
  });

  it('JSON is known by its brace, and any other text is a list of names', () => {
    const file = join(folder, 'truth.txt');
    writeFileSync(file, '{"imlist": ["a", "b"], "qimlist": ["a"], "gnd": [{"ok": [1], "junk": [0]}]}');
    expect(readGroundTruth(file, 'oxford').queries[0]!.labels).toEqual({ ok: [1], junk: [0] });
    writeFileSync(file, 'a00.jpg\na01.jpg\n');
    expect(recognise(TRUTH_FILES, file)?.format).toBe('list');
    expect(readGroundTruth(file, 'holidays').queries[0]!.labels).toEqual({ ok: [1], junk: [] });
  });
});

describe('.mat of version 5', () => {
  it('gives the ground truth that the pickle gives, counted from 1', () => {
    const truth = readGroundTruth(fixture('gnd.mat'), 'oxford');
    expect(truth.images).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(truth.queries.map((q) => [q.bbx, q.labels])).toEqual([
      [[1, 2, 3, 4], { ok: [0, 2], junk: [1] }],
      [null, { ok: [4], junk: [] }],
    ]);
  });

  it('ends in an error for damaged bytes', () => {
    const bytes = readFileSync(fixture('gnd.mat'));
    const r = random(2);
    const file = join(folder, 'damaged.mat');
    for (let t = 0; t < 500; t += 1) {
      const copy = Buffer.from(bytes).subarray(0, r.next() < 0.3 ? r.below(bytes.length) : bytes.length);
      for (let i = 0; i < 3 && copy.length > 0; i += 1) copy[r.below(copy.length)] = r.below(256);
      writeFileSync(file, copy);
      try {
        readMat5(file);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^INPUT/) });
      }
    }
  });
});
