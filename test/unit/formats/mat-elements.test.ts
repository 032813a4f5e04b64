import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { MatValue } from '../../../src/main/engine/formats/mat-values.ts';
import { readMat5 } from '../../../src/main/engine/formats/mat5.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

const u32 = (...n: number[]): Buffer => Buffer.from(Uint32Array.from(n).buffer);
const raw = (a: ArrayBufferView): Buffer => Buffer.from(a.buffer, a.byteOffset, a.byteLength);
/** A tagged element, padded to eight bytes (MAT-File Format, "Data Element Format"). */
const element = (type: number, data: Buffer): Buffer =>
  Buffer.concat([u32(type, data.length), data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
/** The small form, of up to four bytes. */
const small = (type: number, data: Buffer): Buffer =>
  Buffer.concat([u32((data.length << 16) | type), data, Buffer.alloc(4 - data.length)]);
const [INT8, UINT8, INT16, UINT16, INT32, UINT32, SINGLE, DOUBLE, INT64, UINT64, MATRIX, COMPRESSED, UTF16] = [
  1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 14, 15, 17,
];
const matrix = (cls: number, dims: number[], name: string, ...rest: Buffer[]): Buffer =>
  element(
    MATRIX!,
    Buffer.concat([
      element(UINT32!, u32(cls, 0)),
      element(INT32!, raw(Int32Array.from(dims))),
      name.length > 0 && name.length <= 4 ? small(INT8!, Buffer.from(name)) : element(INT8!, Buffer.from(name)),
      ...rest,
    ]),
  );
const [CELL, STRUCT, SPARSE, CHAR, DOUBLES, SINGLES, UINT8S, FUNCTION] = [1, 2, 5, 4, 6, 7, 9, 16];
function file(...variables: Buffer[]): string {
  const head = Buffer.alloc(128, ' ');
  head.write('MATLAB 5.0 MAT-file');
  head.writeUInt16LE(0x0100, 124);
  head.write('IM', 126);
  const path = join(folder, 'x.mat');
  writeFileSync(path, Buffer.concat([head, ...variables]));
  return path;
}
const read = (...variables: Buffer[]): Record<string, MatValue> => Object.fromEntries(readMat5(file(...variables)));

describe('.mat of version 5', () => {
  it.each<[string, number, ArrayBufferView, number[]]>([
    ['int8', INT8!, Int8Array.of(-3, 4), [-3, 4]],
    ['uint8', UINT8!, Uint8Array.of(250, 4), [250, 4]],
    ['int16', INT16!, Int16Array.of(-300, 4), [-300, 4]],
    ['uint16', UINT16!, Uint16Array.of(60_000, 4), [60_000, 4]],
    ['int32', INT32!, Int32Array.of(-70_000, 4), [-70_000, 4]],
    ['uint32', UINT32!, Uint32Array.of(4_000_000_000, 4), [4_000_000_000, 4]],
    ['double', DOUBLE!, Float64Array.of(0.1, -4), [0.1, -4]],
    ['int64', INT64!, BigInt64Array.of(-5n, 4n), [-5, 4]],
    ['uint64', UINT64!, BigUint64Array.of(2n ** 40n, 4n), [2 ** 40, 4]],
  ])('holds numbers stored as %s', (_, type, data, values) => {
    expect(read(matrix(DOUBLES!, [1, 2], 'x', element(type, raw(data))))).toEqual({
      x: { kind: 'numbers', dims: [1, 2], data: Float64Array.from(values) },
    });
  });

  it('holds singles as they are, and every class of numbers', () => {
    const singles = read(matrix(SINGLES!, [3, 1], 'f', element(SINGLE!, raw(Float32Array.of(0.1, 2, 3)))));
    expect(singles['f']).toEqual({ kind: 'numbers', dims: [3, 1], data: Float32Array.of(0.1, 2, 3) });
    for (let cls = DOUBLES!; cls <= 15; cls += 1)
      expect(read(matrix(cls, [1, 1], 'n', small(UINT8!, Buffer.from([9]))))['n']).toMatchObject({ kind: 'numbers' });
  });

  it('has several variables, compressed or not, with long and short names', () => {
    const a = matrix(UINT8S!, [1, 1], 'a', small(UINT8!, Buffer.from([1])));
    const b = matrix(UINT8S!, [1, 2], 'longer_name', element(UINT8!, Buffer.from([2, 3])));
    const packed = deflateSync(b);
    // Compressed elements are not padded: the next begins at once.
    const compressed = Buffer.concat([u32(COMPRESSED!, packed.length), packed]);
    const other = element(UINT8!, Buffer.from([1, 2, 3]));
    const all = read(a, compressed, other, matrix(UINT8S!, [1, 1], 'c', small(UINT8!, Buffer.from([4]))));
    expect(Object.keys(all)).toEqual(['a', 'longer_name', 'c']);
    expect(all['longer_name']).toEqual({ kind: 'numbers', dims: [1, 2], data: Float64Array.of(2, 3) });
  });

  it('holds text, cells and structs, one in another', () => {
    const text = (s: string, name = ''): Buffer =>
      matrix(CHAR!, [1, s.length], name, element(UTF16!, raw(Uint16Array.from(s, (c) => c.charCodeAt(0)))));
    const number = (n: number): Buffer => matrix(DOUBLES!, [1, 1], '', element(DOUBLE!, raw(Float64Array.of(n))));
    expect(read(text('é-names', 'txt'))).toEqual({ txt: { kind: 'text', text: 'é-names' } });
    expect(read(matrix(CHAR!, [0, 0], 'no', element(UINT8!, Buffer.alloc(0))))).toEqual({
      no: { kind: 'text', text: '' },
    });
    expect(read(matrix(CELL!, [2, 1], 'c', text('one'), matrix(CELL!, [1, 1], '', number(5))))).toEqual({
      c: {
        kind: 'cell',
        dims: [2, 1],
        items: [
          { kind: 'text', text: 'one' },
          { kind: 'cell', dims: [1, 1], items: [{ kind: 'numbers', dims: [1, 1], data: Float64Array.of(5) }] },
        ],
      },
    });
    const fields = Buffer.from('ok\0\0\0\0\0\0bbx\0\0\0\0\0');
    const s = matrix(
      STRUCT!,
      [1, 2],
      's',
      small(INT32!, u32(8)),
      element(INT8!, fields),
      number(1),
      text('p'),
      number(2),
      text('q'),
    );
    expect(read(s)).toEqual({
      s: {
        kind: 'struct',
        dims: [1, 2],
        items: [
          new Map<string, MatValue>([
            ['ok', { kind: 'numbers', dims: [1, 1], data: Float64Array.of(1) }],
            ['bbx', { kind: 'text', text: 'p' }],
          ]),
          new Map<string, MatValue>([
            ['ok', { kind: 'numbers', dims: [1, 1], data: Float64Array.of(2) }],
            ['bbx', { kind: 'text', text: 'q' }],
          ]),
        ],
      },
    });
    // MATLAB writes an empty cell entry as a matrix of no bytes.
    expect(read(matrix(CELL!, [1, 1], 'e', element(MATRIX!, Buffer.alloc(0))))).toEqual({
      e: { kind: 'cell', dims: [1, 1], items: [{ kind: 'numbers', dims: [0, 0], data: new Float64Array(0) }] },
    });
  });

  it('leaves out what it cannot hold at the top, and refuses it inside', () => {
    const handle = matrix(FUNCTION!, [1, 1], 'fn');
    expect(read(handle, matrix(UINT8S!, [1, 1], 'x', small(UINT8!, Buffer.from([1]))))).toEqual({
      x: { kind: 'numbers', dims: [1, 1], data: Float64Array.of(1) },
    });
    expect(() => read(matrix(CELL!, [1, 1], 'c', handle))).toThrow(/an object or a function/);
    // A sparse matrix without its lists is cut.
    expect(() => read(matrix(SPARSE!, [1, 1], 'sp'))).toThrow(expect.objectContaining({ code: 'INPUT_TRUNCATED' }));
  });

  it('is refused with a reason', () => {
    const x = matrix(UINT8S!, [1, 4], 'x', element(UINT8!, Buffer.from([1, 2, 3])));
    expect(() => read(x)).toThrow(
      expect.objectContaining({ code: 'INPUT_TRUNCATED', message: 'The variable x has 3 of its 4 numbers' }),
    );
    const complex = matrix(DOUBLES!, [1, 1], 'z', element(DOUBLE!, raw(Float64Array.of(1))));
    complex[8 + 9] = 0x08;
    expect(() => read(complex)).toThrow(/z is complex/);
    expect(() => read(matrix(DOUBLES!, [-1, -1], 'm', element(DOUBLE!, raw(Float64Array.of(1)))))).toThrow(
      /absurd size/,
    );
    expect(() => read(matrix(DOUBLES!, [1, 1], 'y', element(99, Buffer.alloc(8))))).toThrow(/as type 99/);
    expect(() => read(matrix(CELL!, [1, 1], 'c', element(UINT8!, Buffer.from([1]))))).toThrow(/holds no array/);
    expect(() => read(matrix(CELL!, [2, 1], 'c', element(MATRIX!, Buffer.alloc(0))))).toThrow(
      expect.objectContaining({ code: 'INPUT_TRUNCATED' }),
    );
    expect(() => read(matrix(STRUCT!, [1, 1], 's', small(INT32!, u32(0)), element(INT8!, Buffer.alloc(8))))).toThrow(
      /absurd field names/,
    );
    expect(() => read(Buffer.concat([u32(COMPRESSED!, 8), Buffer.alloc(8)]))).toThrow(/cannot be unpacked/);
    expect(() => read(u32(UINT8!, 9), Buffer.alloc(8))).toThrow(
      expect.objectContaining({ code: 'INPUT_TRUNCATED', offset: 128 }),
    );
    expect(() => read(u32((5 << 16) | UINT8!), Buffer.alloc(4))).toThrow(
      expect.objectContaining({ code: 'INPUT_TRUNCATED' }),
    );
    // Up to seven bytes of rest are no element.
    expect(read(Buffer.alloc(7))).toEqual({});
    const nest = (n: number): Buffer =>
      n === 0 ? element(MATRIX!, Buffer.alloc(0)) : matrix(CELL!, [1, 1], n === 1 ? 'c' : '', nest(n - 1));
    expect(() => read(nest(16))).not.toThrow();
    expect(() => read(nest(17))).toThrow(/nested too deeply/);
  });

  it('of another kind is named', () => {
    const path = file();
    expect(readMat5(path).size).toBe(0);
    writeFileSync(path, Buffer.alloc(127));
    expect(() => readMat5(path)).toThrow(/version 4 to 7/);
    writeFileSync(path, Buffer.alloc(200));
    expect(() => readMat5(path)).toThrow(/version 4 to 7/);
    expect(() => readMat5(join(folder, 'none.mat'))).toThrow(expect.objectContaining({ code: 'INPUT_MISSING' }));
  });
});
