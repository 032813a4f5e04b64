import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readPickle, type PickledArray } from '../../../src/main/engine/formats/pickle.ts';
import { readDescriptorFile } from '../../../src/main/engine/retrieval/descriptor-files.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith, PYTHON } from '../../support/programs.ts';

const folder = temporaryFolder();

function python(code: string, interpreter = '/usr/bin/python3'): string {
  const r = spawnSync(interpreter, ['-c', code], { encoding: 'utf8', cwd: folder });
  expect(r.stderr).toBe('');
  return r.stdout.trim();
}

describeWith(['numpy'], 'arrays inside pickles, with NumPy as the judge', () => {
  it('of every type, order of bytes and order of indices, in every protocol', () => {
    const said = JSON.parse(
      python(
        `import numpy as n, json, pickle
types = ['?', 'i1', 'u1'] + [o + t for o in '<>' for t in ('i2', 'u2', 'i4', 'u4', 'i8', 'u8', 'f2', 'f4', 'f8')]
out = {}
for protocol in (2, 4, 5):
    whole = {}
    for t in types:
        for order in 'CF':
            a = n.array((n.arange(24) % 7 - (2 if n.dtype(t).kind in 'if' else 0)).reshape(2, 3, 4).astype(t), order=order)
            whole[t + order] = a
            out['%d %s' % (protocol, t + order)] = a.astype('f8').ravel().tolist()
    pickle.dump(whole, open('%d.pkl' % protocol, 'wb'), protocol)
print(json.dumps(out))`,
      ),
    ) as Record<string, number[]>;
    expect(Object.keys(said)).toHaveLength(3 * 2 * 21);
    for (const protocol of [2, 4, 5]) {
      const whole = readPickle(join(folder, `${protocol}.pkl`)) as Map<string, PickledArray>;
      for (const [key, { shape, data }] of whole)
        expect([key, shape, Array.from(data)]).toEqual([key, [2, 3, 4], said[`${protocol} ${key}`]]);
    }
  });
});

describeWith(['python readers'], '16-bit floats of HDF5', () => {
  const make = (body: string): void =>
    void python(
      `import h5py, numpy as n
def brain(order):
    t = (h5py.h5t.IEEE_F16LE if order == '<' else h5py.h5t.IEEE_F16BE).copy()
    t.set_fields(15, 7, 8, 0, 7); t.set_ebias(127)
    return t
def put(f, name, a, t):
    a = n.array(a, 'f4')
    d = h5py.h5d.create(f.id, name, t, h5py.h5s.create_simple(a.shape))
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, a)
${body}`,
      PYTHON,
    );
  // Exact in bfloat16; the last is beyond half precision.
  const VALUES = [1, -2.5, 0.15625, 0, 2 ** 100, 2 ** -60];

  it.each(['<', '>'])('bfloat16 with the bytes %s is what it stands for', async (order) => {
    make(
      `with h5py.File('brain.h5', 'w') as f: put(f, b'X', n.array([${VALUES.join()}]).reshape(2, 3), brain('${order}'))`,
    );
    const { vectors } = await readDescriptorFile(join(folder, 'brain.h5'));
    expect([vectors.rows, vectors.dim, Array.from(vectors.data)]).toEqual([2, 3, VALUES]);
  });

  it('half precision stays half precision, wherever in the file its type is said', async () => {
    make(`with h5py.File('half.h5', 'w') as f:
    f['before'] = n.zeros(5 << 20, 'u1')
    f['X'] = n.array([[1, -2.5, 0.25]], 'f2')
    del f['before']`);
    const { vectors } = await readDescriptorFile(join(folder, 'half.h5'));
    expect(Array.from(vectors.data)).toEqual([1, -2.5, 0.25]);
  });

  it('two kinds in one file are refused, and a kind that nobody knows', async () => {
    make(`with h5py.File('both.h5', 'w') as f:
    put(f, b'X', [[1, 2]], brain('<'))
    f['Y'] = n.array([[1, 2]], 'f2')
with h5py.File('odd.h5', 'w') as f:
    t = h5py.h5t.IEEE_F16LE.copy(); t.set_fields(15, 8, 7, 0, 8); t.set_ebias(63)
    put(f, b'X', [[1, 2]], t)`);
    await expect(readDescriptorFile(join(folder, 'both.h5'), 'X')).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      message: expect.stringContaining('holds floats of 16 bits, of which this file has several kinds'),
      hint: 'Save it as float32.',
    });
    await expect(readDescriptorFile(join(folder, 'odd.h5'))).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      message: expect.stringContaining('neither half precision nor bfloat16'),
    });
  });
});
