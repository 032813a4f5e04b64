import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readNpy, readNpyRows, writeNpy, writeNpyParts } from '../../../src/main/engine/formats/npy.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const file = (name: string): string => join(folder, name);

/** A file as NEP 1 describes it: magic, version, length of the header (2 bytes, from version 2 on 4), header, numbers. */
function compose(version: number, header: string, data: ArrayBufferView): Buffer {
  const text = Buffer.from(`${header}\n`, 'latin1');
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(text.length);
  else length.writeUInt32LE(text.length);
  const head = Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.from([version, 0]), length, text]);
  return Buffer.concat([head, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}

function read(name: string, bytes: Buffer): ReturnType<typeof readNpy> {
  writeFileSync(file(name), bytes);
  return readNpy(file(name));
}

const floats = Float32Array.of(1.5, -2, 3, 0.25, 8, 9);
const header = (descr: string, shape: string, fortran = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

describe('.npy of any version', () => {
  it.each([1, 2, 3])('of version %i is read, whole and by rows', (version) => {
    expect(read('v.npy', compose(version, header('<f4', '(3, 2)'), floats))).toEqual({ shape: [3, 2], data: floats });
    expect(readNpyRows(file('v.npy'), 1, 1)).toEqual(floats.slice(2, 4));
  });

  it('has a header of more than 64 KiB in version 2', () => {
    const long = `${header('<f4', '(6,)')}${' '.repeat(70_000)}`;
    expect(read('long.npy', compose(2, long, floats))).toEqual({ shape: [6], data: floats });
  });

  it('transposes two dimensions of Fortran order', () => {
    // Columns first: (1.5, -2), (3, 0.25), (8, 9).
    const { shape, data } = read('f.npy', compose(1, header('<f4', '(2, 3)', 'True'), floats));
    expect(shape).toEqual([2, 3]);
    expect(Array.from(data)).toEqual([1.5, 3, 8, -2, 0.25, 9]);
    expect(read('f1.npy', compose(1, header('<f4', '(6,)', 'True'), floats)).data).toEqual(floats);
    expect(Array.from(read('f3.npy', compose(1, header('<f4', '(1, 2, 3)', 'True'), floats)).data)).toEqual([
      1.5, 3, 8, -2, 0.25, 9,
    ]);
  });

  it('widens half precision and narrows 64-bit integers', () => {
    expect(read('h.npy', compose(1, header('<f2', '(3,)'), Float16Array.of(0.5, -2, 65504)))).toEqual({
      shape: [3],
      data: Float32Array.of(0.5, -2, 65504),
    });
    expect(read('i.npy', compose(1, header('<i8', '(2,)'), BigInt64Array.of(-5n, 2n ** 40n))).data).toEqual(
      Float64Array.of(-5, 2 ** 40),
    );
    expect(read('u.npy', compose(1, header('<u8', '(1,)'), BigUint64Array.of(7n))).data).toEqual(Float64Array.of(7));
  });

  it('may be a lone number, or empty', () => {
    expect(read('0.npy', compose(1, header('<f8', '()'), Float64Array.of(4)))).toEqual({
      shape: [],
      data: Float64Array.of(4),
    });
    expect(read('e.npy', compose(1, header('<f4', '(0, 4)'), new Float32Array(0)))).toEqual({
      shape: [0, 4],
      data: new Float32Array(0),
    });
  });

  it('is refused with other types, by name', () => {
    for (const descr of ['<f16', '|S3', '<c8', 'toString'])
      expect(() => read('t.npy', compose(1, header(descr, '(1,)'), new Float32Array(8)))).toThrow(
        expect.objectContaining({ code: 'INPUT_UNSUPPORTED', message: expect.stringContaining(descr) }),
      );
    expect(() => read('n.npy', compose(1, "{'shape': (1,)}", floats))).toThrow(
      expect.objectContaining({ code: 'INPUT_UNSUPPORTED' }),
    );
  });

  it('is refused with one byte less than its shape needs, and read with exactly as many', () => {
    const whole = compose(2, header('<f4', '(3, 2)'), floats);
    expect(read('whole.npy', whole).data.length).toBe(6);
    expect(() => read('less.npy', whole.subarray(0, -1))).toThrow(
      expect.objectContaining({
        code: 'INPUT_TRUNCATED',
        message: expect.stringContaining('needs 24 bytes, the file has 23'),
      }),
    );
    expect(() => readNpyRows(file('less.npy'), 2, 1)).toThrow(expect.objectContaining({ code: 'INPUT_TRUNCATED' }));
    expect(readNpyRows(file('less.npy'), 1, 1)).toEqual(floats.slice(2, 4));
    expect(() => read('neg.npy', compose(1, header('<f4', '(-1, -6)'), floats))).toThrow(
      expect.objectContaining({ code: 'INPUT_TRUNCATED' }),
    );
  });
});

describe('rows of a .npy', () => {
  it('end where the array ends', () => {
    writeNpy(file('rows.npy'), floats, [3, 2]);
    expect(readNpyRows(file('rows.npy'), 2, 5)).toEqual(floats.slice(4));
    expect(readNpyRows(file('rows.npy'), 0, 3)).toEqual(floats);
    expect(readNpyRows(file('rows.npy'), 3, 1).length).toBe(0);
    expect(readNpyRows(file('rows.npy'), 9, 1).length).toBe(0);
    writeNpy(
      file('cube.npy'),
      Int32Array.from({ length: 12 }, (_, i) => i),
      [3, 2, 2],
    );
    expect(readNpyRows(file('cube.npy'), 1, 1)).toEqual(Int32Array.of(4, 5, 6, 7));
    writeNpy(file('half.npy'), Float16Array.of(0.5, -2, 65504, 0.1), [2, 2]);
    expect(readNpyRows(file('half.npy'), 1, 5)).toEqual(Float32Array.of(65504, Math.f16round(0.1)));
    expect(readNpyRows(file('half.npy'), 2, 1).length).toBe(0);
  });
});

describe('a .npy that Covis writes', () => {
  it('has its numbers at a multiple of 64 bytes behind a header of version 1 that says where', () => {
    writeNpyParts(file('p.npy'), '<f4', [3, 2], [floats.subarray(0, 2), floats.subarray(2)]);
    const bytes = readFileSync(file('p.npy'));
    expect(bytes.subarray(0, 8)).toEqual(Buffer.from('\x93NUMPY\x01\x00', 'latin1'));
    const start = 10 + bytes.readUInt16LE(8);
    expect(start % 64).toBe(0);
    expect(bytes[start - 1]).toBe(0x0a);
    expect(bytes.length).toBe(start + 24);
    expect(bytes.toString('latin1', 10, start - 1).trimEnd()).toBe(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }",
    );
    expect(new Float32Array(new Uint8Array(bytes.subarray(start)).buffer)).toEqual(floats);
    writeNpy(file('one.npy'), floats, [6]);
    expect(readFileSync(file('one.npy'), 'latin1')).toContain("'shape': (6,), }");
    writeNpy(file('half.npy'), Float16Array.of(0.5, 2), [2]);
    expect(readNpy(file('half.npy')).data).toEqual(Float32Array.of(0.5, 2));
  });
});
