import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { describeBombs, type Bomb } from '../../support/bombs.ts';
import { ROOT } from '../../support/programs.ts';

const MIB = 1 << 20;
const STRANGERS = join(ROOT, 'test', 'fixtures', 'strangers');

const u32 = (...values: number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer);
const u64 = (...values: bigint[]): Buffer => Buffer.from(BigUint64Array.from(values).buffer);

/** A list that holds the list before twice, sixty times over: 2^60 names. */
function aliases(): Buffer {
  const parts: (string | number[])[] = ['\x80\x02', '(', 'X\x06\0\0\0imlist', ']', [0x71, 0], 'X\x01\0\0\0a', 'a0'];
  for (let i = 1; i < 60; i += 1) parts.push(']', [0x71, i], '(', [0x68, i - 1], [0x68, i - 1], 'e0');
  parts.push([0x68, 59], 'X\x03\0\0\0gnd', ']', 'd.');
  return Buffer.concat(parts.map((p) => (typeof p === 'string' ? Buffer.from(p, 'latin1') : Buffer.from(p))));
}

/** The bytes of one array are the state of many. */
function oneStateOfMany(): Buffer {
  const text = (t: string): string => `X${String.fromCharCode(t.length)}\0\0\0${t}`;
  const array = `cnumpy.core.multiarray\n_reconstruct\n()R(K\x01(J\0\0\x10\0th\x01N\x89h\x02tb`;
  const head = Buffer.from(`\x80\x02cnumpy\ndtype\n(${text('u1')}tRq\x010B`, 'latin1');
  return Buffer.concat([
    head,
    u32(MIB),
    Buffer.alloc(MIB),
    Buffer.from(
      `q\x020(${text('gnd')}](${array.replace('()R', '(tR').replaceAll('N\x89', '\x89').repeat(400)}ed.`,
      'latin1',
    ),
  ]);
}

/** An element of a .mat file: type, size, content up to eight bytes. */
function element(type: number, content: Buffer): Buffer {
  return Buffer.concat([u32(type, content.length), content, Buffer.alloc((8 - (content.length % 8)) % 8)]);
}
const matHead = Buffer.concat([Buffer.alloc(126, ' '), Buffer.from('IM')]);
matHead.writeUInt16LE(0x0100, 124);

function inflatingMat(): Buffer {
  const rows = 150 * MIB;
  const matrix = element(
    14,
    Buffer.concat([
      element(6, u32(9, 0)),
      element(5, u32(rows, 1)),
      element(1, Buffer.from('X')),
      element(2, Buffer.alloc(rows)),
    ]),
  );
  const packed = deflateSync(matrix, { level: 1 });
  return Buffer.concat([matHead, u32(15, packed.length), packed]);
}

function sparseMat(): Buffer {
  const columns = 40_000;
  return Buffer.concat([
    matHead,
    element(
      14,
      Buffer.concat([
        element(6, u32(5, 0)),
        element(5, u32(columns, columns)),
        element(1, Buffer.from('X')),
        element(5, Buffer.alloc(0)),
        element(5, Buffer.alloc(4 * (columns + 1))),
        element(9, Buffer.alloc(0)),
      ]),
    ),
  ]);
}

function npy(shape: string): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }\n`;
  const head = Buffer.from('\x93NUMPY\x01\0\0\0', 'latin1');
  head.writeUInt16LE(text.length, 8);
  return Buffer.concat([head, Buffer.from(text)]);
}

const BOMBS: readonly Bomb[] = [
  {
    name: 'aliases of aliases',
    kind: 'truth',
    file: 'aliases.pkl',
    content: aliases,
    expected: /^INPUT_UNSUPPORTED: .* repeats its parts/,
  },
  {
    name: 'a list in itself',
    kind: 'truth',
    file: 'loop.pkl',
    content: () => Buffer.from('\x80\x02]q\0h\0a.', 'latin1'),
    expected: /^INPUT_UNSUPPORTED: .* refers to itself/,
  },
  {
    name: 'a state of many arrays',
    kind: 'truth',
    file: 'states.pkl',
    content: oneStateOfMany,
    expected: /^INPUT_UNSUPPORTED: This file of 1 MiB becomes more than/,
  },
  {
    name: 'a packed pickle',
    kind: 'truth',
    file: 'packed.pkl',
    content: () => gzipSync(Buffer.alloc(220 * MIB, ')'), { level: 1 }),
    expected: /^INPUT_UNSUPPORTED: This file of .* becomes more than/,
  },
  {
    name: 'a packed .mat',
    kind: 'descriptors',
    file: 'packed.mat',
    content: inflatingMat,
    expected: /^INPUT_UNSUPPORTED: This file of .* becomes more than/,
  },
  {
    name: 'a sparse .mat',
    kind: 'descriptors',
    file: 'sparse.mat',
    content: sparseMat,
    expected: /^INPUT_UNSUPPORTED: .* has a sparse matrix that becomes too large/,
  },
  {
    name: 'HDF5 of chunks that are not there',
    kind: 'descriptors',
    file: join(STRANGERS, 'huge.h5'),
    expected: /^INPUT_UNSUPPORTED: This file of 2 KiB becomes more than 128 MiB/,
  },
  {
    name: 'HDF5 with one matrix for every cell',
    kind: 'descriptors',
    file: join(STRANGERS, 'cells.h5'),
    expected: /^INPUT_UNSUPPORTED: .* becomes more than/,
  },
  {
    name: 'HDF5 with groups in each other',
    kind: 'descriptors',
    file: join(STRANGERS, 'circle.h5'),
    expected: /^INPUT_/,
  },
  {
    name: '.npy of 10^12 numbers',
    kind: 'descriptors',
    file: 'many.npy',
    content: () => npy('(1000000, 1000000)'),
    expected: /^INPUT_TRUNCATED: /,
  },
  {
    name: '.npy of a thousand dimensions',
    kind: 'descriptors',
    file: 'deep.npy',
    content: () => npy(`(${'1,'.repeat(1000)})`),
    expected: /^INPUT_CORRUPT: This array has 1000 dimensions/,
  },
  {
    name: 'deep JSON',
    kind: 'openmvg',
    file: 'sfm_data.json',
    content: () => '{"views":'.concat('['.repeat(1_000_000)),
    expected: /^INPUT_CORRUPT: This JSON is nested/,
  },
  {
    name: 'deep JSON, closed',
    kind: 'nerfstudio',
    file: 'transforms.json',
    content: () => `{"frames":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`,
    expected: /^INPUT_CORRUPT: This JSON is nested/,
  },
  {
    name: 'JSON of empty lists',
    kind: 'truth',
    file: 'lists.json',
    content: () => `{"imlist":[${'[],'.repeat(4_000_000)}[]]}`,
    expected: /^INPUT_UNSUPPORTED: This JSON has more lists/,
  },
  {
    name: 'deep JSON on a line',
    kind: 'descriptors',
    file: 'deep.jsonl',
    content: () => `{"name":"a","descriptor":${'['.repeat(100_000)}`,
    expected: /^INPUT_CORRUPT: This JSON is nested/,
  },
  {
    name: 'COLMAP of 2^60 cameras',
    kind: 'bin',
    file: 'sparse/cameras.bin',
    content: () => u64(1n << 60n),
    expected: /^INPUT_/,
  },
  {
    name: 'NVM of 2^60 cameras',
    kind: 'nvm',
    file: 'm.nvm',
    content: () => `NVM_V3\n\n${2 ** 60}\na.jpg 1 1 0 0 0 0 0 0 0 0\n`,
    expected: /^INPUT_/,
  },
  {
    name: 'NVM of 2^31 points',
    kind: 'nvm',
    file: 'p.nvm',
    content: () => `NVM_V3\n\n1\na.jpg 1 1 0 0 0 0 0 0 0 0\n\n${2 ** 31}\n0 0 1 9 9 9 1 0 0 1 1\n`,
    expected: /^INPUT_TRUNCATED/,
  },
  {
    name: 'Bundler of 2^31 cameras',
    kind: 'bundler',
    file: 'bundle.out',
    content: () => `# Bundle file v0.3\n${2 ** 31} ${2 ** 31}\n500 0 0\n`,
    expected: /^INPUT_/,
  },
];

describeBombs('files that would become large, deep or endless', BOMBS);
