import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as h5 from 'h5wasm/node';
import { describe, expect, it } from 'vitest';
import { Hdf5File } from '../../../src/main/engine/formats/hdf5.ts';
import { readMat5 } from '../../../src/main/engine/formats/mat5.ts';
import { readNpy, readNpyRows, writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { readPickle } from '../../../src/main/engine/formats/pickle.ts';
import { writePickle, type Picklable } from '../../../src/main/engine/formats/pickle-writer.ts';
import { headOf, kindOf, recognise, titles } from '../../../src/main/engine/formats/recognise.ts';
import type { CovisError } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const file = (name: string, content: string | Uint8Array = ''): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
function said(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { code, message } = error as CovisError;
    return `${code}: ${message}`;
  }
  return 'read';
}

describe('a pickle that Covis writes', () => {
  const hex = (v: Picklable): string => writePickle(v).toString('hex');
  // PROTO 2 … STOP; the opcodes are those of Python's pickletools.
  it.each<[Picklable, string]>([
    [null, '4e'],
    [true, '88'],
    [false, '89'],
    [0, '4a00000000'],
    [-1, '4affffffff'],
    [2 ** 31 - 1, '4affffff7f'],
    [-(2 ** 31) + 1, '4a01000080'],
    // From two to the thirty-first on an int is a LONG1 of eight bytes.
    [2 ** 31, '8a080000008000000000'],
    [-(2 ** 31), '8a0800000080ffffffff'],
    [2 ** 53 - 1, '8a08ffffffffffff1f00'],
    // Beyond, and where there is a fraction, a float, most significant byte first.
    [2 ** 53, '474340000000000000'],
    [0.5, '473fe0000000000000'],
    [Infinity, '477ff0000000000000'],
    ['é', '5802000000c3a9'],
    ['', '5800000000'],
    [[], '5d'],
    [[null, true], '5d284e8865'],
    [{}, '7d2875'],
    [{ a: 1 }, '7d285801000000614a0100000075'],
  ])('has %j in the opcodes of protocol 2', (value, bytes) => expect(hex(value)).toBe(`8002${bytes}2e`));

  it('has lists in batches of a thousand, and comes back', () => {
    for (const n of [999, 1000, 1001, 2000, 2001]) {
      const list = Array.from({ length: n }, (_, i) => i);
      const bytes = writePickle(list);
      // Each item takes five bytes, each batch a MARK and APPENDS.
      expect(bytes.length).toBe(4 + 5 * n + 2 * Math.ceil(n / 1000));
      expect(readPickle(file('l.pkl', bytes))).toEqual(list);
    }
  });
});

describe('the beginning of a file', () => {
  it('is its first 4 KiB, or all of it', () => {
    expect([0, 1, 4095, 4096, 4097].map((n) => headOf(file('h', Buffer.alloc(n, 7))).length)).toEqual([
      0, 1, 4095, 4096, 4096,
    ]);
    expect(headOf(file('h', Buffer.alloc(5000, 7))).every((b) => b === 7)).toBe(true);
    expect(said(() => headOf(join(folder, 'none')))).toBe('INPUT_MISSING: This file does not exist');
  });

  it('tells its kind before its name does; the first of a list that fits', () => {
    const kinds = [
      { format: 'a', title: 'A', named: /\.a$/, begins: (head: Buffer) => head[0] === 1 },
      { format: 'b', title: 'B', named: /\.b$/, begins: (head: Buffer) => head[0] === 2 },
      { format: 'c', title: 'C', named: /\.[ab]$/ },
    ];
    const of = (first: number, name: string): string | undefined => kindOf(kinds, Buffer.from([first]), name)?.format;
    expect([of(1, 'x.b'), of(2, 'x.a'), of(3, 'x.a'), of(3, 'x.b'), of(3, 'x.d')]).toEqual([
      'a',
      'b',
      'a',
      'b',
      undefined,
    ]);
    expect(recognise(kinds, file('x.a', Buffer.from([2])))!.format).toBe('b');
    expect(recognise(kinds, file('x.d', Buffer.from([9])))).toBeUndefined();
    expect(said(() => recognise(kinds, file('x.a', 'version https://git-lfs.github.com/spec/v1')))).toMatch(
      /^INPUT_UNSUPPORTED: This is a Git LFS pointer/,
    );
    expect([titles([]), titles(kinds.slice(0, 1)), titles(kinds.slice(0, 2)), titles(kinds)]).toEqual([
      '',
      'A',
      'A and B',
      'A, B and C',
    ]);
  });
});

describe('a .npy', () => {
  const compose = (shape: string, data: Uint8Array, descr = '<f4'): Buffer => {
    const text = Buffer.from(`{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`);
    const head = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, text.length & 255, text.length >> 8]);
    return Buffer.concat([head, text, data]);
  };
  it('of twelve bytes may be one, of eleven is none', () => {
    const least = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 2, 0, 0x7b, 0x7d]);
    expect(said(() => readNpy(file('x.npy', least)))).toMatch(/^INPUT_UNSUPPORTED: This array's header/);
    expect(said(() => readNpy(file('x.npy', least.subarray(0, 11))))).toMatch(/^INPUT_CORRUPT: This is not a .npy/);
    const longer = Buffer.from(least);
    longer[8] = 3;
    expect(said(() => readNpy(file('x.npy', longer)))).toMatch(/^INPUT_TRUNCATED: The file ends inside its header/);
    least[0] = 0x92;
    expect(said(() => readNpy(file('x.npy', least)))).toMatch(/^INPUT_CORRUPT/);
    expect(said(() => readNpy(join(folder, 'no.npy')))).toMatch(/^INPUT_MISSING/);
    expect(said(() => readNpyRows(join(folder, 'no.npy'), 0, 1))).toMatch(/^INPUT_MISSING/);
  });

  it('has a shape that is whole, not negative and fits', () => {
    const of = (shape: string): string => said(() => readNpy(file('x.npy', compose(shape, Buffer.alloc(16)))));
    expect(['(4,)', '(2, 2)', '(1, 4)', '(0,)', '(3,)', '(0, 9)'].map(of)).toEqual(Array(6).fill('read'));
    for (const shape of ['(5,)', '(-4,)', '(-2, -2)', '(1.5,)', '(9007199254740993,)', '(1e300, 1e300)', '(x,)'])
      expect(of(shape)).toMatch(/^INPUT_TRUNCATED: /);
  });

  it('gives rows of its own types alone, with as many numbers as the shape says', () => {
    const path = file('r.npy', compose('(4, 1)', Buffer.alloc(16)));
    expect([0, 1, 3, 4, 5].map((from) => readNpyRows(path, from, 2).length)).toEqual([2, 2, 1, 0, 0]);
    expect(readNpyRows(path, 0, Infinity).length).toBe(4);
    expect(readNpyRows(path, 0, 0).length).toBe(0);
    expect(readNpyRows(path, 0, -1).length).toBe(0);
    expect(said(() => readNpyRows(file('h.npy', compose('(8,)', Buffer.alloc(16), '>f2')), 0, 1))).toMatch(
      /^INPUT_UNSUPPORTED: Rows/,
    );
    expect(said(() => readNpyRows(file('s.npy', compose('(4,)', Buffer.alloc(15))), 3, 1))).toMatch(/^INPUT_TRUNCATED/);
    expect(readNpyRows(file('s.npy', compose('(4,)', Buffer.alloc(15))), 2, 1).length).toBe(1);
  });

  it('is written with a header that ends at a multiple of 64, however long its shape is', () => {
    for (const n of [1, 2, 3, 4, 5, 6, 8, 12]) {
      const shape = Array.from({ length: n }, (_, i) => (i === 0 ? 3 : 1));
      writeNpy(join(folder, 'w.npy'), Uint8Array.of(1, 2, 3), shape);
      const head = headOf(join(folder, 'w.npy'));
      const start = 10 + head.readUInt16LE(8);
      expect([start % 64, head[start - 1], head.length - start]).toEqual([0, 10, 3]);
      // No more blanks than it takes.
      expect(/ *\n$/.exec(head.toString('latin1', 0, start))![0].length).toBeLessThanOrEqual(64);
      expect(readNpy(join(folder, 'w.npy')).shape).toEqual(shape);
    }
  });
});

describe('a .mat', () => {
  it('is at most 2 GiB large, and has a head of 128 bytes', () => {
    const large = file('large.mat');
    truncateSync(large, 2 ** 31);
    expect(said(() => readMat5(large))).toBe('INPUT_UNSUPPORTED: This .mat file is larger than 2 GiB');
    truncateSync(large, 0);
    const head = Buffer.alloc(128);
    head.write('IM', 126);
    expect(readMat5(file('e.mat', head)).size).toBe(0);
    expect(said(() => readMat5(file('e.mat', head.subarray(1))))).toMatch(/^INPUT_CORRUPT/);
    head.write('MI', 126);
    expect(said(() => readMat5(file('e.mat', head)))).toMatch(/^INPUT_CORRUPT/);
  });

  it('has field names of 1 to 4096 bytes', () => {
    const u32 = (...n: number[]): Buffer => Buffer.from(Uint32Array.from(n).buffer);
    const element = (type: number, data: Buffer): Buffer =>
      Buffer.concat([u32(type, data.length), data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
    const of = (width: number): string => {
      const inner = Buffer.concat([
        element(6, u32(2, 0)),
        element(5, Buffer.from(Int32Array.of(1, 1).buffer)),
        element(1, Buffer.from('s')),
        element(5, u32(width)),
        element(
          1,
          Buffer.concat([Buffer.from('ab\0'), Buffer.alloc(4096)]).subarray(0, Math.max(1, Math.min(4096, width))),
        ),
        element(14, Buffer.alloc(0)),
      ]);
      const head = Buffer.alloc(128);
      head.write('IM', 126);
      return said(() => {
        const s = readMat5(file('s.mat', Buffer.concat([head, element(14, inner)]))).get('s')!;
        if (s.kind !== 'struct') throw new Error('no struct');
        throw new Error([...s.items[0]!.keys()].join());
      });
    };
    expect(of(1)).toBe('undefined: a');
    expect(of(3)).toBe('undefined: ab');
    expect(of(4096)).toBe('undefined: ab');
    for (const width of [0, 4097]) expect(of(width)).toMatch(/^INPUT_CORRUPT: The struct s has absurd field names/);
  });
});

describe('an HDF5 file', () => {
  it('has its numbers by path, row by row, and says what it lacks', async () => {
    await h5.ready;
    const path = join(folder, 'x.h5');
    const made = new h5.File(path, 'w');
    made.create_group('g');
    made.create_dataset({ name: 'g/f4', data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3], dtype: '<f4' });
    made.create_dataset({ name: 'i8', data: BigInt64Array.of(5n, -6n), shape: [2], dtype: '<q' });
    made.create_dataset({ name: 'text', data: ['a', 'b'], shape: [2], dtype: 'S1' });
    made.close();
    const f = await Hdf5File.open(path);
    expect(f.arrays()).toEqual([
      { path: 'g/f4', shape: [2, 3] },
      { path: 'i8', shape: [2] },
    ]);
    expect([f.has('g/f4'), f.has('g'), f.has('no')]).toEqual([true, false, false]);
    expect(f.read('g/f4')).toEqual({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    expect(f.read('i8').data).toEqual(Float32Array.of(5, -6));
    expect(said(() => f.read('g'))).toBe('NOT_FOUND: The file has no dataset g');
    expect(said(() => f.read('no'))).toBe('NOT_FOUND: The file has no dataset no');
    expect(said(() => f.read('text'))).toBe('INPUT_UNSUPPORTED: The dataset text holds no numbers');
    expect(said(() => f.references('no'))).toBe('NOT_FOUND: The file has no dataset no');
    f.close();
    await expect(Hdf5File.open(join(folder, 'none.h5'))).rejects.toMatchObject({ code: 'INPUT_MISSING' });
    await expect(Hdf5File.open(file('no.h5', 'not at all'))).rejects.toMatchObject({ code: 'INPUT_CORRUPT' });
  });
});
