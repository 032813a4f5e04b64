import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { MatValue } from '../../../src/main/engine/formats/mat-values.ts';
import { writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { readDescriptorFile } from '../../../src/main/engine/retrieval/descriptor-files.ts';
import { assembled, regional } from '../../../src/main/engine/retrieval/descriptor-readers/assemble.ts';
import { hdf5 } from '../../../src/main/engine/retrieval/descriptor-readers/hdf5.ts';
import { DESCRIPTOR_READERS } from '../../../src/main/engine/retrieval/descriptor-readers/index.ts';
import { temporaryFolder } from '../../support/folders.ts';

/** What the readers of the formats themselves shall say that a file holds. */
const held = vi.hoisted(() => ({
  mat: new Map<string, unknown>(),
  arrays: new Map<string, { shape: number[]; data: Float32Array }>(),
  references: new Map<string, { shape: number[]; data: Float32Array }[]>(),
  closed: 0,
}));
vi.mock('../../../src/main/engine/formats/mat5.ts', () => ({ readMat5: () => held.mat }));
vi.mock('../../../src/main/engine/formats/hdf5.ts', () => ({
  Hdf5File: {
    open: () =>
      Promise.resolve({
        arrays: () => [...held.arrays].map(([path, { shape }]) => ({ path, shape })),
        has: (path: string) => held.arrays.has(path) || held.references.has(path),
        read: (path: string) => held.arrays.get(path),
        references: (path: string) => held.references.get(path),
        sparse: () => undefined,
        close: () => (held.closed += 1),
      }),
  },
}));
beforeEach(() => {
  held.mat.clear();
  held.arrays.clear();
  held.references.clear();
});

const folder = temporaryFolder();
const file = (name: string, content = ''): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const list = (v: ArrayLike<number> | undefined): number[] | undefined => (v === undefined ? undefined : Array.from(v));
const numbers = (dims: number[], data: number[], double = true): MatValue => ({
  kind: 'numbers',
  dims,
  data: double ? Float64Array.from(data) : Float32Array.from(data),
});

describe('rows put together', () => {
  it('have as many images as names, or as the last owner says, and owners where rows are more', () => {
    const row = (...v: number[]): Float32Array => Float32Array.from(v);
    expect(assembled([], [])).toEqual({ vectors: { data: row(), rows: 0, dim: 0 }, images: 0 });
    expect(assembled([row(1, 2), row(3, 4)], [0, 1])).toEqual({
      vectors: { data: row(1, 2, 3, 4), rows: 2, dim: 2 },
      images: 2,
    });
    expect(assembled([row(1, 2), row(3, 4)], [0, 0])).toMatchObject({ images: 1, owners: Uint32Array.of(0, 0) });
    expect(assembled([row(1), row(3), row(5)], [0, 0, 1], ['a', 'b'])).toEqual({
      vectors: { data: row(1, 3, 5), rows: 3, dim: 1 },
      images: 2,
      names: ['a', 'b'],
      owners: Uint32Array.of(0, 0, 1),
    });
  });

  it('of regions are one after another, all as long', () => {
    const part = (rows: number, dim: number, from: number): { data: Float32Array; rows: number; dim: number } => ({
      // Longer than it says: only the rows count.
      data: Float32Array.from({ length: rows * dim + 2 }, (_, i) => from + i),
      rows,
      dim,
    });
    const made = regional([part(2, 2, 0), part(0, 2, 50), part(1, 2, 10)]);
    expect(list(made.vectors.data)).toEqual([0, 1, 2, 3, 10, 11]);
    expect(made).toMatchObject({ images: 3, owners: Uint32Array.of(0, 0, 2), vectors: { rows: 3, dim: 2 } });
    expect(() => regional([part(1, 2, 0), part(1, 3, 0)])).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', message: 'Image 1 has 3 dimensions, the first has 2' }),
    );
    expect(regional([])).toMatchObject({ images: 0, vectors: { rows: 0, dim: 0 } });
  });
});

describe('JSON Lines', () => {
  const read = (text: string): ReturnType<typeof readDescriptorFile> => readDescriptorFile(file('a.jsonl', text));

  it('may call name and descriptor by other names, skip lines, and leave all names out', async () => {
    const found = await read(
      '{"photo":"p","vector":[1,2]}\r\n\n  \n{"image":"i","descriptors":[3,4]}\n{"name":"2","descriptor":[5,6]}\n{"name":7,"descriptor":[7,8]}',
    );
    expect(found.names).toEqual(['p', 'i', '2', '7']);
    const nameless = await read('\uFEFF{"descriptor":[1]}\n{"descriptor":[2]}');
    expect([nameless.names, nameless.images]).toEqual([undefined, 2]);
    // A number that nobody gave could be the name of a photo.
    await expect(read('{"name":"a","descriptor":[1]}\n{"descriptor":[2]}')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: 'Line 2 has no name, and others have',
    });
    expect(list(found.vectors.data)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([found.vectors.rows, found.vectors.dim, found.images, found.owners]).toEqual([4, 2, 4, undefined]);
    const first = await read('{"name":"n","photo":"p","image":"i","descriptor":[1],"vector":[2],"descriptors":[3]}');
    expect([first.names, list(first.vectors.data)]).toEqual([['n'], [1]]);
  });

  it('may have several regions an image', async () => {
    const found = await read('{"name":"a","descriptor":[[1,2],[3,4]]}\n{"name":"b","descriptor":[5,6]}\n');
    expect(list(found.owners)).toEqual([0, 0, 1]);
    expect([found.images, found.vectors.rows]).toEqual([2, 3]);
  });

  it.each([
    ['{"name":"a","descriptor":[1]}\n\nnonsense', 'INPUT_CORRUPT', 'Line 3 is not JSON'],
    [
      '{"name":"a","descriptor":[1]}\n{"descriptor":"x"}',
      'INPUT_CORRUPT',
      'Line 2 has no descriptor, a list of numbers',
    ],
    ['{"descriptor":[1,"2"]}', 'INPUT_CORRUPT', 'Line 1 has no descriptor, a list of numbers'],
    ['{"descriptor":[[1,2],["3",4]]}', 'INPUT_CORRUPT', 'Line 1 has no descriptor, a list of numbers'],
    ['{"descriptor":[]}', 'INPUT_INVALID', 'Line 1 has 0 dimensions, the lines before have 0'],
    ['{"descriptor":[1,2]}\n{"descriptor":[1]}', 'INPUT_INVALID', 'Line 2 has 1 dimensions, the lines before have 2'],
    ['{"descriptor":[[1,2],[1,2,3]]}', 'INPUT_INVALID', 'Line 1 has 3 dimensions, the lines before have 2'],
  ])('%j is refused', async (text, code, message) => {
    await expect(read(text)).rejects.toMatchObject({ code, message, file: join(folder, 'a.jsonl') });
  });
});

describe('arrays of NumPy', () => {
  it('have two dimensions and at least one column', async () => {
    const at = join(folder, 'x.npy');
    writeNpy(at, Float64Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    const found = await readDescriptorFile(at);
    expect(found.vectors).toEqual({ data: Float32Array.of(1, 2, 3, 4, 5, 6), rows: 2, dim: 3 });
    expect(found.images).toBe(2);
    for (const [shape, length] of [
      [[6], 6],
      [[1, 2, 3], 6],
      [[4, 0], 0],
    ] as const) {
      writeNpy(at, new Float32Array(length), [...shape]);
      await expect(readDescriptorFile(at)).rejects.toMatchObject({ code: 'INPUT_INVALID', file: at });
    }
    writeNpy(at, Float32Array.of(7), [1, 1]);
    expect((await readDescriptorFile(at)).vectors).toEqual({ data: Float32Array.of(7), rows: 1, dim: 1 });
  });
});

describe('files of MATLAB', () => {
  const read = (variable?: string, role?: 'database' | 'queries'): ReturnType<typeof readDescriptorFile> =>
    readDescriptorFile(file('x.mat'), variable, role);

  it('have a column an image', async () => {
    held.mat.set('X', numbers([2, 3], [1, 2, 3, 4, 5, 6]));
    expect(await read()).toEqual({ vectors: { data: Float32Array.of(1, 2, 3, 4, 5, 6), rows: 3, dim: 2 }, images: 3 });
    held.mat.set('X', numbers([1, 2], [5, 6], false));
    expect((await read()).vectors).toEqual({ data: Float32Array.of(5, 6), rows: 2, dim: 1 });
  });

  it('are looked through for the names that are in use, in their order, or for the one that is asked for', async () => {
    const one = (v: number): MatValue => numbers([1, 1], [v]);
    const first = async (variable?: string, role?: 'database' | 'queries'): Promise<number> =>
      (await read(variable, role)).vectors.data[0]!;
    const database = ['X', 'V', 'vecs', 'glob', 'descriptors', 'features'];
    [...database].reverse().forEach((n, i) => held.mat.set(n, one(10 + i)));
    ['queries', 'qvecs', 'Q'].forEach((n, i) => held.mat.set(n, one(20 + i)));
    for (let left = 6; left > 0; left -= 1) {
      expect(await first()).toBe(9 + left);
      held.mat.delete(database[6 - left]!);
    }
    await expect(read()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: expect.stringContaining('queries, qvecs, Q') as string,
    });
    for (const n of ['Q', 'qvecs', 'queries']) {
      expect(await first(undefined, 'queries')).toBe({ Q: 22, qvecs: 21, queries: 20 }[n]);
      held.mat.delete(n);
    }
    held.mat.set('X', one(1)).set('mine', one(2));
    expect(await first('mine')).toBe(2);
    // A text of that name holds none.
    held.mat.set('X', { kind: 'text', text: 'x' }).set('V', one(3));
    expect(await first()).toBe(3);
  });

  it('are looked into by dots, and structs by V and then Q', async () => {
    const struct = (entries: [string, MatValue][]): MatValue => ({
      kind: 'struct',
      dims: [1, 1],
      items: [new Map(entries)],
    });
    held.mat.set('a', struct([['b', struct([['c', numbers([1, 1], [4])]])]]));
    expect((await read('a.b.c')).vectors.data[0]).toBe(4);
    await expect(read('a.x.c')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(read('a.b.c.d')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    held.mat.set(
      's',
      struct([
        ['Q', numbers([1, 1], [8])],
        ['V', numbers([1, 1], [7])],
      ]),
    );
    expect((await read('s')).vectors.data[0]).toBe(7);
    held.mat.set('s', struct([['Q', numbers([1, 1], [8])]]));
    expect((await read('s')).vectors.data[0]).toBe(8);
    held.mat.set('s', struct([['W', numbers([1, 1], [9])]]));
    await expect(read('s')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    held.mat.set('s', { kind: 'struct', dims: [0, 0], items: [] });
    await expect(read('s')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('may have a cell of regions an image', async () => {
    held.mat.set('V', { kind: 'cell', dims: [1, 2], items: [numbers([2, 2], [1, 2, 3, 4]), numbers([2, 1], [5, 6])] });
    const found = await read();
    expect(list(found.vectors.data)).toEqual([1, 2, 3, 4, 5, 6]);
    expect([list(found.owners), found.images, found.vectors.rows]).toEqual([[0, 0, 1], 2, 3]);
  });

  it('are refused where they are no matrix', async () => {
    for (const value of [
      numbers([2, 2, 1], [1, 2, 3, 4]),
      numbers([4], [1, 2, 3, 4]),
      numbers([0, 3], []),
      { kind: 'cell', dims: [1, 1], items: [{ kind: 'text', text: 'x' }] },
    ] as MatValue[]) {
      held.mat.set('X', value);
      await expect(read()).rejects.toMatchObject({ code: 'INPUT_INVALID', file: join(folder, 'x.mat') });
    }
  });
});

describe('files of HDF5', () => {
  const read = (variable?: string): ReturnType<typeof readDescriptorFile> => readDescriptorFile(file('x.h5'), variable);
  const put = (path: string, shape: number[], ...data: number[]): unknown =>
    held.arrays.set(path, { shape, data: Float32Array.from(data) });

  it("have hloc's descriptors by name, sorted, whatever else is there", async () => {
    put('X', [1, 2], 9, 9);
    put('b/2.jpg/global_descriptor', [2], 3, 4);
    put('b/2.jpg/keypoints', [1, 2], 9, 9);
    put('a.jpg/global_descriptor', [2], 1, 2);
    put('c/global_descriptor', [2], 5, 6);
    const before = held.closed;
    const found = await read();
    expect(found.names).toEqual(['a.jpg', 'b/2.jpg', 'c']);
    expect(list(found.vectors.data)).toEqual([1, 2, 3, 4, 5, 6]);
    expect([found.owners, found.images]).toEqual([undefined, 3]);
    expect(held.closed).toBe(before + 1);
    put('b/2.jpg/global_descriptor', [3], 3, 4, 5);
    await expect(read()).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: 'b/2.jpg has 3 dimensions, the first has 2',
      file: join(folder, 'x.h5'),
    });
    expect(held.closed).toBe(before + 2);
  });

  it('or a matrix by name, by V or Q within it, or a cell of references', async () => {
    put('X', [6], 1, 2, 3, 4, 5, 6);
    put('X/Q', [1, 2], 3, 4);
    // What has one dimension is no matrix; the search goes on.
    expect(list((await read()).vectors.data)).toEqual([3, 4]);
    put('X/V', [2, 1], 1, 2);
    expect((await read()).vectors).toEqual({ data: Float32Array.of(1, 2), rows: 2, dim: 1 });
    put('X', [3, 2], 1, 2, 3, 4, 5, 6);
    expect(await read()).toEqual({ vectors: { data: Float32Array.of(1, 2, 3, 4, 5, 6), rows: 3, dim: 2 }, images: 3 });
    put('a/b/c', [1, 1], 8);
    expect(list((await read('a.b.c')).vectors.data)).toEqual([8]);
    held.references.set('cells/V', [
      { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      { shape: [1, 2], data: Float32Array.of(5, 6) },
    ]);
    const cells = await read('cells');
    expect([list(cells.vectors.data), list(cells.owners), cells.images]).toEqual([[1, 2, 3, 4, 5, 6], [0, 0, 1], 2]);
    await expect(read('none')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: 'It has X, X/Q, X/V, a/b/c. Name one with --variable.',
    });
  });

  it('are known by their first bytes, or by those behind what MATLAB puts before', () => {
    const sign = Buffer.from('894844460d0a1a0a', 'hex');
    const head = (at: number): Buffer => Buffer.concat([Buffer.alloc(at), sign, Buffer.alloc(600)]);
    expect([0, 512, 1, 511, 256].map((at) => hdf5.begins!(head(at)))).toEqual([true, true, false, false, false]);
  });
});

describe('the kind of a file', () => {
  it('is told by its ending, whatever the case', () => {
    const by = (name: string): string[] => DESCRIPTOR_READERS.filter((r) => r.named.test(name)).map((r) => r.format);
    expect(['a.NPY', 'a.h5', 'a.hdf5', 'a.mat', 'a.jsonl', 'a.ndjson', 'a.npy.txt', 'h5'].map(by)).toEqual([
      ['npy'],
      ['hdf5'],
      ['hdf5'],
      ['mat'],
      ['jsonl'],
      ['jsonl'],
      [],
      [],
    ]);
  });
});
