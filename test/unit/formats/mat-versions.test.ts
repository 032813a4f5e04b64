import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMat5 } from '../../../src/main/engine/formats/mat5.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith, PYTHON } from '../../support/programs.ts';

const folder = temporaryFolder();
const file = join(folder, 'a.mat');

/** One variable of version 4, of literal numbers. */
function variable(mopt: number, rows: number, columns: number, name: string, data: Buffer, big = false): Buffer {
  const head = Buffer.alloc(20);
  [mopt, rows, columns, 0, name.length + 1].forEach((v, i) =>
    big ? head.writeInt32BE(v, 4 * i) : head.writeInt32LE(v, 4 * i),
  );
  return Buffer.concat([head, Buffer.from(`${name}\0`), data]);
}
const doubles = (...v: number[]): Buffer => Buffer.from(Float64Array.from(v).buffer);

describe('.mat of version 4', () => {
  it('numbers of both orders, texts and sparse matrices', () => {
    writeFileSync(
      file,
      Buffer.concat([
        variable(0, 2, 2, 'X', doubles(1, 2.5, -3, 4)),
        variable(50, 1, 3, 'u', Buffer.of(7, 0, 255)),
        variable(51, 1, 2, 't', Buffer.from('hi')),
        // (2, 1) is 5, (1, 3) is -1, of 2 x 3.
        variable(2, 3, 3, 's', doubles(2, 1, 2, 1, 3, 3, 5, -1, 0)),
      ]),
    );
    const vars = readMat5(file);
    expect(vars.get('X')).toEqual({ kind: 'numbers', dims: [2, 2], data: Float64Array.of(1, 2.5, -3, 4) });
    expect(vars.get('u')).toEqual({ kind: 'numbers', dims: [1, 3], data: Float64Array.of(7, 0, 255) });
    expect(vars.get('t')).toEqual({ kind: 'text', text: 'hi' });
    expect(vars.get('s')).toEqual({ kind: 'numbers', dims: [2, 3], data: Float64Array.of(0, 5, 0, 0, -1, 0) });
    writeFileSync(file, variable(1030, 1, 2, 'b', Buffer.of(0xff, 0xfe, 1, 0), true));
    expect(readMat5(file).get('b')).toEqual({ kind: 'numbers', dims: [1, 2], data: Float64Array.of(-2, 256) });
  });

  it('begins with any kind of variable, an empty one too, of names of any length', () => {
    for (const big of [false, true])
      for (const [rows, columns] of [
        [0, 0],
        [0, 3],
        [3, 0],
      ] as const) {
        const order = big ? 1000 : 0;
        writeFileSync(file, variable(order, rows, columns, 'e', Buffer.alloc(0), big));
        expect(readMat5(file).get('e')).toEqual({ kind: 'numbers', dims: [rows, columns], data: new Float64Array(0) });
      }
    writeFileSync(file, variable(0, 1, 1, 'n'.repeat(60), doubles(3)));
    expect([...readMat5(file).keys()]).toEqual(['n'.repeat(60)]);
    // 4096 bytes with the zero at its end are a name yet, one more is no such file.
    writeFileSync(file, variable(0, 1, 1, 'n'.repeat(4095), doubles(3)));
    expect([...readMat5(file).keys()]).toEqual(['n'.repeat(4095)]);
    writeFileSync(file, variable(0, 1, 1, 'n'.repeat(4096), doubles(3)));
    expect(() => readMat5(file)).toThrow(/version 4 to 7/);
  });

  it('no sparse matrix of half a row, or of fewer columns than none', () => {
    const sparse = (rows: number, columns: number): void => {
      writeFileSync(file, variable(2, 2, 3, 's', doubles(1, rows, 1, columns, 5, 0)));
      expect(() => readMat5(file)).toThrow(expect.objectContaining({ code: 'INPUT_CORRUPT', file }));
    };
    sparse(2.5, 2);
    sparse(2, -1);
  });

  it('every cut is refused with the file, and places outside a sparse matrix are', () => {
    const whole = variable(0, 2, 2, 'X', doubles(1, 2, 3, 4));
    for (let keep = 0; keep < whole.length; keep += 1) {
      writeFileSync(file, whole.subarray(0, keep));
      expect(() => readMat5(file)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^INPUT_/), file }));
    }
    writeFileSync(file, variable(2, 2, 3, 's', doubles(9, 2, 1, 3, 5, 0)));
    expect(() => readMat5(file)).toThrow(/damaged/);
  });
});

describeWith(['python readers'], 'scipy as the judge', () => {
  it('versions 4 and 5, full and sparse', () => {
    const r = spawnSync(
      PYTHON,
      [
        '-c',
        `import numpy as n, scipy.io as i, scipy.sparse as s
x = n.array([[0, 1.5, 0], [0, 0, -2]])
for v in '45':
    i.savemat('v%s.mat' % v, {'X': x, 'S': s.csc_matrix(x), 'E': s.csc_matrix((2, 3))}, format=v)`,
      ],
      { encoding: 'utf8', cwd: folder },
    );
    expect(r.stderr).toBe('');
    for (const v of ['v4.mat', 'v5.mat']) {
      const vars = readMat5(join(folder, v));
      const columns = { kind: 'numbers', dims: [2, 3], data: Float64Array.of(0, 0, 1.5, 0, 0, -2) };
      expect([v, vars.get('X'), vars.get('S')]).toEqual([v, columns, columns]);
      expect(vars.get('E')).toEqual({ ...columns, data: new Float64Array(6) });
    }
    expect(readFileSync(join(folder, 'v5.mat')).length).toBeGreaterThan(128);
  });
});
