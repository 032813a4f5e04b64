import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Hdf5File } from '../../../src/main/engine/formats/hdf5.ts';
import { readNpy } from '../../../src/main/engine/formats/npy.ts';
import { readDescriptorFile } from '../../../src/main/engine/retrieval/descriptor-files.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith, PYTHON } from '../../support/programs.ts';

const folder = temporaryFolder();

/** A `.npy` of literal bytes. */
function npy(name: string, descr: string, shape: string, hex: string, version = 1, order = 'False'): string {
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
  const head = Buffer.alloc(version === 1 ? 10 : 12);
  head.write('\x93NUMPY', 0, 'latin1');
  head[6] = version;
  if (version === 1) head.writeUInt16LE(text.length, 8);
  else head.writeUInt32LE(text.length, 8);
  const file = join(folder, name);
  writeFileSync(file, Buffer.concat([head, Buffer.from(text), Buffer.from(hex, 'hex')]));
  return file;
}

describe('.npy of every kind of number', () => {
  it.each([
    ['|b1', '0100', [1, 0]],
    ['|u1', 'ff07', [255, 7]],
    ['|i1', 'ff07', [-1, 7]],
    ['<i2', 'feff0001', [-2, 256]],
    ['>i2', 'fffe0100', [-2, 256]],
    ['<u2', 'feff0001', [65534, 256]],
    ['>u2', 'fffe0100', [65534, 256]],
    ['>i4', 'fffffffe00000100', [-2, 256]],
    ['>u4', 'fffffffe00000100', [4294967294, 256]],
    ['>i8', 'fffffffffffffffe0020000000000000', [-2, 9007199254740992]],
    ['<u8', '01000000000000000000000000002000', [1, 9007199254740992]],
    ['<f2', '003c00c1', [1, -2.5]],
    ['>f2', '3c00c100', [1, -2.5]],
    ['>f4', '3f800000c0200000', [1, -2.5]],
    ['>f8', '3ff0000000000000c004000000000000', [1, -2.5]],
  ])('%s', (descr, hex, values) => {
    for (const version of [1, 2, 3])
      expect(Array.from(readNpy(npy('a.npy', descr, '(2,)', hex, version)).data)).toEqual(values);
  });

  it('refuses an integer that no double holds, other types and other versions', () => {
    const refused = (file: string, message: RegExp): void =>
      expect(() => readNpy(file)).toThrow(
        expect.objectContaining({ code: 'INPUT_UNSUPPORTED', message: expect.stringMatching(message), file }),
      );
    refused(npy('b.npy', '<i8', '(1,)', '0100000000002000'), /9007199254740993/);
    refused(npy('b.npy', '<u8', '(1,)', 'ffffffffffffffff'), /18446744073709551615/);
    refused(npy('b.npy', '<c8', '(1,)', '0000000000000000'), /<c8/);
    refused(npy('b.npy', '|O', '(1,)', '00'), /\|O/);
    refused(npy('b.npy', '<U3', '(1,)', '000000000000000000000000'), /<U3/);
    refused(npy('b.npy', '|u1', '(1,)', '00', 4), /version 4/);
  });

  it("turns Fortran's order of three dimensions round, and reads lengths of Python 2", () => {
    // a[i][j][k] = 4 i + 2 j + k, the first index running fastest.
    const file = npy('c.npy', '|u1', '(2L, 2L, 2L)', '0004020601050307', 1, 'True');
    expect(readNpy(file)).toEqual({ shape: [2, 2, 2], data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7) });
  });
});

function python(code: string, interpreter = '/usr/bin/python3'): string {
  const r = spawnSync(interpreter, ['-c', code], { encoding: 'utf8', cwd: folder });
  expect(r.stderr).toBe('');
  return r.stdout.trim();
}

const TYPES = [
  '?',
  'i1',
  'u1',
  ...['<', '>'].flatMap((o) => ['i2', 'u2', 'i4', 'u4', 'i8', 'u8', 'f2', 'f4', 'f8'].map((t) => o + t)),
];

describeWith(['numpy'], 'NumPy as the judge', () => {
  it('every type and order of three dimensions has the values that NumPy prints', () => {
    const said = JSON.parse(
      python(
        `import numpy as n, json
out = {}
for t in ${JSON.stringify(TYPES)}:
    for order in 'CF':
        a = n.array((n.arange(24) % 5 - (2 if n.dtype(t).kind in 'if' else 0)).reshape(2, 3, 4).astype(t), order=order)
        name = '%d%s.npy' % (len(out), order)
        n.save(name, a)
        out[name] = a.astype('f8').ravel().tolist()
print(json.dumps(out))`,
      ),
    ) as Record<string, number[]>;
    expect(Object.keys(said)).toHaveLength(2 * TYPES.length);
    for (const [name, values] of Object.entries(said)) {
      const { shape, data } = readNpy(join(folder, name));
      expect([name, shape, Array.from(data)]).toEqual([name, [2, 3, 4], values]);
    }
  });
});

describeWith(['python readers'], 'h5py as the judge', () => {
  it('descriptors of every type, in folders of folders, are what h5py reads', async () => {
    const said = JSON.parse(
      python(
        `import numpy as n, h5py, json
x = n.array([[0, 1, 2, 100], [3, 0, 1, 50.5]])
out = {}
for i, t in enumerate(${JSON.stringify(TYPES)}):
    with h5py.File('%d.h5' % i, 'w', libver='latest') as f:
        for j, r in enumerate(x):
            f.create_group('db/a b/#%d.jpg' % j).create_dataset('global_descriptor', data=r.astype(t))
    with h5py.File('%d.h5' % i, 'r') as f:
        out[str(i)] = [f['db/a b/#%d.jpg' % j]['global_descriptor'][:].astype('f8').tolist() for j in range(2)]
print(json.dumps(out))`,
        PYTHON,
      ),
    ) as Record<string, number[][]>;
    expect(Object.keys(said)).toHaveLength(TYPES.length);
    for (const [i, rows] of Object.entries(said)) {
      const read = await readDescriptorFile(join(folder, `${i}.h5`));
      expect(read.names).toEqual(['db/a b/#0.jpg', 'db/a b/#1.jpg']);
      expect([TYPES[Number(i)], Array.from(read.vectors.data)]).toEqual([TYPES[Number(i)], rows.flat()]);
    }
  });

  it('reads what gzip and shuffle packed, sparse matrices of MATLAB 7.3, and refuses what it would round', async () => {
    python(
      `import numpy as n, h5py
x = (n.arange(60).reshape(12, 5) / 4).astype('f2')
with h5py.File('packed.h5', 'w') as f: f.create_dataset('X', data=x, compression='gzip', shuffle=True, chunks=(4, 5))
with h5py.File('long.h5', 'w') as f: f.create_dataset('X', data=n.array([[2**53 + 1]]))
with h5py.File('text.h5', 'w') as f: f.create_dataset('X', data=n.bytes_('abc'))
with h5py.File('sparse.mat', 'w', userblock_size=512) as f:
    g = f.create_group('X'); g.attrs['MATLAB_sparse'] = n.uint64(3); g.attrs['MATLAB_class'] = n.bytes_('double')
    g['jc'] = n.array([0, 2, 2, 3], 'u8'); g['ir'] = n.array([0, 2, 1], 'u8'); g['data'] = n.array([1.5, 2, -3])`,
      PYTHON,
    );
    expect(Array.from((await readDescriptorFile(join(folder, 'packed.h5'))).vectors.data)).toEqual(
      Array.from({ length: 60 }, (_, i) => i / 4),
    );
    const sparse = (await readDescriptorFile(join(folder, 'sparse.mat'))).vectors;
    expect([sparse.rows, sparse.dim, Array.from(sparse.data)]).toEqual([3, 3, [1.5, 0, 2, 0, 0, 0, 0, -3, 0]]);
    await expect(readDescriptorFile(join(folder, 'long.h5'))).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      message: expect.stringContaining('9007199254740993'),
    });
    await expect(readDescriptorFile(join(folder, 'text.h5'))).rejects.toMatchObject({ code: 'INPUT_UNSUPPORTED' });
  });

  it('says a photo whose name is no UTF-8 instead of losing it', async () => {
    python(
      `import h5py
with h5py.File('name.h5', 'w') as f:
    f['a.jpg/global_descriptor'] = [1.0, 2.0]
    h5py.Group(h5py.h5g.create(f.id, b'b\\xe9c.jpg'))['global_descriptor'] = [3.0, 4.0]`,
      PYTHON,
    );
    const file = join(folder, 'name.h5');
    await expect(readDescriptorFile(file)).rejects.toMatchObject({ code: 'INPUT_UNSUPPORTED', file });
    const read = await readDescriptorFile(file, undefined, 'database', 'left out');
    expect([read.names, read.unreadable?.length]).toEqual([['a.jpg'], 1]);
    const h5 = await Hdf5File.open(file);
    expect(h5.has('a.jpg/global_descriptor')).toBe(true);
    h5.close();
  });
});
