import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePickle, readPickle, type Pickled } from '../../../src/main/engine/formats/pickle.ts';
import { writePickle } from '../../../src/main/engine/formats/pickle-writer.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

/** Bytes of opcodes: texts are taken as Latin-1, numbers as bytes. */
type Part = string | number | Buffer;
const bytes = (...parts: Part[]): Buffer =>
  Buffer.concat(
    parts.map((p) => (typeof p === 'string' ? Buffer.from(p, 'latin1') : typeof p === 'number' ? Buffer.from([p]) : p)),
  );
const u32 = (n: number): Buffer => {
  const b = Buffer.alloc(4);
  b.writeUInt32LE(n);
  return b;
};
const i32 = (n: number): Buffer => {
  const b = Buffer.alloc(4);
  b.writeInt32LE(n);
  return b;
};
const u64 = (n: number | bigint): Buffer => {
  const b = Buffer.alloc(8);
  b.writeBigUInt64LE(BigInt(n));
  return b;
};
const load = (...parts: Part[]): Pickled => parsePickle(bytes(...parts, '.'), 'test');
const fails = (...parts: Part[]): { code: string; offset: number; message: string } => {
  try {
    parsePickle(bytes(...parts), 'test');
  } catch (error) {
    return error as { code: string; offset: number; message: string };
  }
  throw new Error('was read');
};

describe('opcodes of numbers', () => {
  it.each<[string, Part[], Pickled]>([
    ['None', ['N'], null],
    ['True', ['\x88'], true],
    ['False', ['\x89'], false],
    ['INT', ['I-17\n'], -17],
    ['INT that is a truth', ['I01\n'], true],
    ['INT that is none', ['I00\n'], false],
    ['LONG', ['L123L\n'], 123],
    ['LONG without its L', ['L5\n'], 5],
    ['FLOAT', ['F2.5\n'], 2.5],
    ['BININT', ['J', i32(-70_000)], -70_000],
    ['BININT1', ['K', 200], 200],
    ['BININT2', ['M', 0x34, 0x12], 0x1234],
    ['BINFLOAT', ['G', Buffer.from('4009000000000000', 'hex')], 3.125],
    ['LONG1 of nothing', ['\x8a', 0], 0],
    ['LONG1 of 255', ['\x8a', 2, 0xff, 0x00], 255],
    ['LONG1 of -1', ['\x8a', 1, 0xff], -1],
    ['LONG1 of -32768', ['\x8a', 2, 0x00, 0x80], -32_768],
    ['LONG1 of 2^40 + 1', ['\x8a', 6, 1, 0, 0, 0, 0, 1], 2 ** 40 + 1],
  ])('%s', (_, ops, value) => expect(load(...ops)).toBe(value));

  it('are refused where they are none', () => {
    expect(fails('Iabc\n.')).toMatchObject({ code: 'INPUT_CORRUPT', message: '"abc" is not a number' });
    expect(fails('F \n.')).toMatchObject({ code: 'INPUT_CORRUPT' });
  });
});

describe('opcodes of text and bytes', () => {
  it.each<[string, Part[], Pickled]>([
    ['STRING', ["S'it\\'s \\x41\\n\\\\'\n"], "it's A\n\\"],
    ['STRING in double quotes', ['S"a\'b"\n'], "a'b"],
    ['UNICODE', ['Va\\u00e9\\U0001f600\n'], 'aé😀'],
    ['BINUNICODE', ['X', u32(3), Buffer.from('é!')], 'é!'],
    ['SHORT_BINUNICODE', ['\x8c', 2, 'ab'], 'ab'],
    ['BINUNICODE8', ['\x8d', u64(2), 'ab'], 'ab'],
    ['SHORT_BINSTRING', ['U', 2, 'a\xe9'], 'aé'],
    ['BINSTRING', ['T', i32(2), 'xy'], 'xy'],
    ['SHORT_BINBYTES', ['C', 2, 1, 2], Uint8Array.of(1, 2)],
    ['BINBYTES', ['B', u32(1), 9], Uint8Array.of(9)],
    ['BINBYTES8', ['\x8e', u64(1), 8], Uint8Array.of(8)],
    ['BYTEARRAY8', ['\x96', u64(2), 7, 6], Uint8Array.of(7, 6)],
  ])('%s', (_, ops, value) => expect(load(...ops)).toEqual(value));

  it('are refused where they are longer than what follows, or than anything can be', () => {
    expect(fails('X', u32(4), 'abc')).toMatchObject({ code: 'INPUT_TRUNCATED' });
    expect(load('X', u32(3), 'abc')).toBe('abc');
    expect(fails('\x8d', u64(2n ** 31n), 'abc')).toMatchObject({ message: expect.stringContaining('claims more') });
    expect(fails('T', i32(-1), '.')).toMatchObject({ code: 'INPUT_TRUNCATED' });
    expect(fails('Sabc')).toMatchObject({ message: 'The pickle ends inside a line' });
  });
});

describe('opcodes of collections', () => {
  const map = (...entries: [Pickled, Pickled][]): Map<Pickled, Pickled> => new Map(entries);
  it.each<[string, Part[], Pickled]>([
    ['EMPTY_LIST and EMPTY_TUPLE', [']', ')', '\x86'], [[], []]],
    ['LIST', ['(', 'K', 1, 'K', 2, 'l'], [1, 2]],
    ['TUPLE', ['(', 'K', 1, 't'], [1]],
    ['TUPLE1 to TUPLE3', ['K', 1, '\x85', 'K', 2, 'K', 3, '\x86', 'K', 4, '\x87'], [[1], [2, 3], 4]],
    ['APPEND', [']', 'K', 5, 'a', 'K', 6, 'a'], [5, 6]],
    ['APPENDS', [']', '(', 'K', 5, 'K', 6, 'e'], [5, 6]],
    ['DICT', ['(', 'K', 1, 'K', 2, 'd'], map([1, 2])],
    ['SETITEM', ['}', 'K', 1, 'N', 's'], map([1, null])],
    ['SETITEMS', ['}', '(', 'K', 1, 'N', 'K', 2, '\x88', 'u'], map([1, null], [2, true])],
    ['nested marks', ['(', 'K', 1, '(', 'K', 2, 't', 'l'], [1, [2]]],
    ['POP', ['K', 1, 'K', 2, '0'], 1],
    ['POP_MARK', ['K', 1, '(', 'K', 2, 'K', 3, '1'], 1],
    ['DUP', ['K', 4, '2', '\x86'], [4, 4]],
    ['OrderedDict', ['ccollections\nOrderedDict\n', ')', 'R', 'K', 1, 'K', 2, 's'], map([1, 2])],
  ])('%s', (_, ops, value) => expect(load(...ops)).toEqual(value));

  it('share what was remembered', () => {
    for (const [put, get] of [
      [bytes('q', 3), bytes('h', 3)],
      [bytes('r', u32(300)), bytes('j', u32(300))],
      [bytes('p7\n'), bytes('g7\n')],
    ] as const)
      expect(load('K', 9, put, '0', get)).toBe(9);
    // MEMOIZE counts by itself.
    expect(load('K', 7, '\x94', '0', 'K', 8, '\x94', '0', 'h', 0, 'h', 1, '\x86')).toEqual([7, 8]);
    const [a, b] = load(']', 'q', 1, 'h', 1, '\x86') as [Pickled, Pickled];
    expect(a).toBe(b);
    expect(fails('h', 5, '.')).toMatchObject({ message: expect.stringContaining('its object 5') });
  });

  it('are refused where they do not fit', () => {
    expect(fails('K', 1, 'a')).toMatchObject({ code: 'INPUT_CORRUPT', message: 'The pickle takes more than it put' });
    expect(fails('K', 1, 'K', 2, 'a')).toMatchObject({ message: expect.stringContaining('no list') });
    expect(fails(']', 'K', 1, 'K', 2, 's')).toMatchObject({ message: expect.stringContaining('no dictionary') });
    expect(fails('}', '(', 'K', 1, 'u')).toMatchObject({ message: expect.stringContaining('key without a value') });
    expect(fails('K', 1, 'l')).toMatchObject({ message: 'The pickle has no mark' });
    expect(fails('(', '.')).toMatchObject({ message: 'The pickle takes more than it put' });
    expect(fails('0')).toMatchObject({ message: 'The pickle takes more than it put' });
    expect(fails('2')).toMatchObject({ message: 'The pickle takes more than it put' });
  });
});

describe('a pickle as a whole', () => {
  it('has a protocol up to 5, may have frames, and ends with STOP', () => {
    expect(load('\x80', 5, '\x95', u64(3), 'K', 1)).toBe(1);
    expect(fails('\x80', 6, 'K', 1, '.')).toMatchObject({ code: 'INPUT_UNSUPPORTED' });
    expect(fails('K', 1)).toMatchObject({ code: 'INPUT_TRUNCATED', message: 'The pickle ends without its STOP' });
    expect(parsePickle(bytes('K', 1, '.', 'K', 2, '.'), 'test')).toBe(1);
    expect(fails('K', 1, 'i', '.')).toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      offset: 2,
      message: expect.stringContaining('opcode 0x69'),
    });
  });

  it('is nested 64 deep at most', () => {
    const nested = (n: number): (string | number)[] => [...']'.repeat(n), ...'a'.repeat(n - 1)];
    expect(load(...nested(65))).toBeDefined();
    expect(fails(...nested(66), '.')).toMatchObject({ message: expect.stringContaining('nested too deeply') });
    expect(fails(']', 'q', 0, 'h', 0, 'a', '.')).toMatchObject({
      message: expect.stringContaining('refers to itself'),
    });
  });

  it('holds no callable, and calls none but those of plain data', () => {
    expect(fails('cnumpy\ndtype\n.')).toMatchObject({ message: expect.stringContaining('holds a callable') });
    expect(fails('cos\nsystem\n.')).toMatchObject({ message: expect.stringContaining('os.system') });
    expect(fails('\x8c', 2, 'os', '\x8c', 6, 'system', '\x93', '.')).toMatchObject({ code: 'INPUT_UNSUPPORTED' });
    expect(fails('K', 1, ')', 'R', '.')).toMatchObject({ message: expect.stringContaining('cannot be called') });
    expect(fails('ccollections\nOrderedDict\n', 'K', 1, 'R', '.')).toMatchObject({ code: 'INPUT_CORRUPT' });
    expect(fails('K', 1, '}', 'b', '.')).toMatchObject({ message: expect.stringContaining('state of an object') });
    expect(load('c_codecs\nencode\n', 'X', u32(3), Buffer.from('aé'), 'X', u32(6), 'latin1', '\x86', 'R')).toEqual(
      Uint8Array.of(0x61, 0xe9),
    );
  });

  it('that cannot be opened is missing', () => {
    expect(() => readPickle(join(folder, 'none.pkl'))).toThrow(expect.objectContaining({ code: 'INPUT_MISSING' }));
    writeFileSync(join(folder, 'one.pkl'), bytes('K', 1, '.'));
    expect(readPickle(join(folder, 'one.pkl'))).toBe(1);
  });
});

describe('numpy inside a pickle', () => {
  /** A dtype: numpy.dtype(code, False, True) with its state (3, order, ...). */
  const dtype = (code: string, order = '<'): Buffer =>
    bytes(
      'cnumpy\ndtype\n',
      '\x8c',
      code.length,
      code,
      '\x89',
      '\x88',
      '\x87',
      'R',
      '(',
      'K',
      3,
      '\x8c',
      1,
      order,
      't',
      'b',
    );
  const array = (shape: readonly number[], code: string, raw: Buffer, order = '<', fortran = '\x89'): Buffer =>
    bytes(
      'cnumpy.core.multiarray\n_reconstruct\n',
      'cnumpy\nndarray\n',
      'K',
      0,
      '\x85',
      'C',
      1,
      'b',
      '\x87',
      'R',
      '(',
      'K',
      1,
      '(',
      ...shape.flatMap((n) => ['K', n]),
      't',
      dtype(code, order),
      fortran,
      'C',
      raw.length,
      raw,
      't',
      'b',
    );
  const raw = (a: ArrayBufferView): Buffer => Buffer.from(a.buffer, a.byteOffset, a.byteLength);

  it.each<[string, ArrayBufferView, number[]]>([
    ['f8', Float64Array.of(1.5, -2), [1.5, -2]],
    ['f4', Float32Array.of(0.25, 8), [0.25, 8]],
    ['i8', BigInt64Array.of(-3n, 2n ** 40n), [-3, 2 ** 40]],
    ['u8', BigUint64Array.of(3n, 4n), [3, 4]],
    ['i4', Int32Array.of(-70_000, 1), [-70_000, 1]],
    ['u4', Uint32Array.of(4_000_000_000, 1), [4_000_000_000, 1]],
    ['i2', Int16Array.of(-300, 5), [-300, 5]],
    ['u2', Uint16Array.of(65_000, 5), [65_000, 5]],
    ['i1', Int8Array.of(-4, 5), [-4, 5]],
    ['u1', Uint8Array.of(200, 5), [200, 5]],
    ['b1', Uint8Array.of(1, 0), [1, 0]],
  ])('arrays of %s', (code, data, values) => {
    expect(load(array([2, 1], code, raw(data)))).toEqual({ shape: [2, 1], data: Float64Array.from(values) });
  });

  it('arrays of text, of objects, from buffers, and scalars', () => {
    expect(load(array([2], 'S3', Buffer.from('ab\0cde')))).toEqual(['ab', 'cde']);
    const wide = Buffer.alloc(16);
    ['é', '', 'x', 'y'].forEach((c, i) => wide.writeUInt32LE(c === '' ? 0 : c.codePointAt(0)!, 4 * i));
    expect(load(array([2], 'U2', wide))).toEqual(['é', 'xy']);
    const objects = bytes(
      'cnumpy.core.multiarray\n_reconstruct\n',
      ')',
      'R',
      '(',
      'K',
      1,
      'K',
      2,
      '\x85',
      dtype('O8', '|'),
      '\x89',
      ']',
      '(',
      'K',
      5,
      '\x8c',
      1,
      'a',
      'e',
      't',
      'b',
    );
    expect(load(objects)).toEqual([5, 'a']);
    const buffer = bytes(
      'cnumpy._core.numeric\n_frombuffer\n',
      '(',
      '\x96',
      u64(16),
      raw(Float64Array.of(7, 8)),
      dtype('f8'),
      'K',
      2,
      '\x85',
      '\x8c',
      1,
      'C',
      't',
      'R',
    );
    expect(load(buffer)).toEqual({ shape: [2], data: Float64Array.of(7, 8) });
    const scalar = bytes('cnumpy.core.multiarray\nscalar\n', dtype('i4'), 'C', 4, i32(-9), '\x86', 'R');
    expect(load(scalar)).toBe(-9);
    expect(load(bytes('cnumpy._core.multiarray\nscalar\n', dtype('U1'), 'C', 4, u32(0x65), '\x86', 'R'))).toBe('e');
  });

  it('arrays with the most significant byte first, and with the first index fastest', () => {
    const double = Buffer.alloc(16);
    double.writeDoubleBE(1.5);
    double.writeDoubleBE(-2, 8);
    expect(load(array([2], 'f8', double, '>'))).toEqual({ shape: [2], data: Float64Array.of(1.5, -2) });
    expect(load(array([2], 'i2', Buffer.from('fffe0100', 'hex'), '>'))).toMatchObject({
      data: Float64Array.of(-2, 256),
    });
    expect(load(array([2], 'U1', Buffer.from('000000e900000078', 'hex'), '>'))).toEqual(['é', 'x']);
    expect(load(array([2], 'f2', Buffer.from('003c00c1', 'hex')))).toMatchObject({ data: Float64Array.of(1, -2.5) });
    // Columns of 2 x 3: a[i][j] = 3 i + j.
    const columns = Uint8Array.of(0, 3, 1, 4, 2, 5);
    expect(load(array([2, 3], 'u1', raw(columns), '|', '\x88'))).toEqual({
      shape: [2, 3],
      data: Float64Array.of(0, 1, 2, 3, 4, 5),
    });
    expect(load(array([2, 2], 'S1', Buffer.from('acbd'), '|', '\x88'))).toEqual(['a', 'b', 'c', 'd']);
    expect(fails(array([1], 'u8', raw(BigUint64Array.of(2n ** 53n + 1n))), '.')).toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      message: 'A numpy array of the pickle holds the integer 9007199254740993, beyond 2^53',
    });
  });

  it('arrays that are too short, absurd or of other types are refused', () => {
    const two = raw(Float64Array.of(1, 2));
    expect(load(array([2], 'f8', two, '<', '\x88'))).toMatchObject({ shape: [2] });
    expect(fails(array([3], 'f8', two), '.')).toMatchObject({ code: 'INPUT_TRUNCATED' });
    expect(fails(array([2], 'c16', Buffer.alloc(32)), '.')).toMatchObject({ code: 'INPUT_UNSUPPORTED' });
    expect(fails(array([2], 'f0', two), '.')).toMatchObject({ code: 'INPUT_TRUNCATED' });
    expect(fails(array([255, 255, 255, 255], 'u1', two), '.')).toMatchObject({
      message: expect.stringContaining('absurd shape'),
    });
  });
});

describe('a pickle that Covis writes', () => {
  it('is of protocol 2, with the opcodes that every Python reads', () => {
    const written = (v: Parameters<typeof writePickle>[0]): string => writePickle(v).toString('latin1');
    expect(written(null)).toBe('\x80\x02N.');
    expect(written(true)).toBe('\x80\x02\x88.');
    expect(written(false)).toBe('\x80\x02\x89.');
    expect(written(-2)).toBe('\x80\x02J\xfe\xff\xff\xff.');
    expect(written(2 ** 31 - 1)).toBe('\x80\x02J\xff\xff\xff\x7f.');
    expect(written(2 ** 31)).toBe('\x80\x02\x8a\x08\x00\x00\x00\x80\x00\x00\x00\x00.');
    expect(written(0.5)).toBe('\x80\x02G\x3f\xe0\x00\x00\x00\x00\x00\x00.');
    expect(written('é')).toBe('\x80\x02X\x02\x00\x00\x00\xc3\xa9.');
    expect(written([null, true])).toBe('\x80\x02](N\x88e.');
    expect(written([])).toBe('\x80\x02].');
    expect(written({ a: null })).toBe('\x80\x02}(X\x01\x00\x00\x00aNu.');
    expect(written(2 ** 60).slice(2, 3)).toBe('G');
    // Long lists are appended a thousand at a time, as Python itself does.
    const marks = written(Array.from({ length: 2001 }, () => null))
      .split('(')
      .slice(1)
      .map((part) => part.split('N').length - 1);
    expect(marks).toEqual([1000, 1000, 1]);
  });
});
