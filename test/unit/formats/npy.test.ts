import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { readNpy, writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { upright } from '../../../src/main/engine/library/photos.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith } from '../../support/programs.ts';

const folder = temporaryFolder();
const file = (name: string): string => join(folder, name);

describe('.npy', () => {
  it('comes back as it was written', () => {
    for (const data of [
      Float32Array.of(1, -2.5, 3),
      Float64Array.of(1e300, 2, 3),
      Uint32Array.of(0, 4294967295, 7),
      Int32Array.of(-1, 2, 3),
      Uint8Array.of(255, 0, 9),
    ]) {
      writeNpy(file('a.npy'), data, [3, 1]);
      expect(readNpy(file('a.npy'))).toEqual({ shape: [3, 1], data });
    }
  });

  it('refuses truncated, foreign and absurd files with file and offset', () => {
    writeNpy(file('b.npy'), new Float32Array(100), [10, 10]);
    const bytes = readFileSync(file('b.npy'));
    for (const keep of [0, 5, 11, 40, bytes.length - 1]) {
      writeFileSync(file('c.npy'), bytes.subarray(0, keep));
      expect(() => readNpy(file('c.npy'))).toThrow(
        expect.objectContaining({ file: file('c.npy'), code: expect.stringMatching(/^INPUT/) }),
      );
    }
    writeFileSync(file('d.npy'), Buffer.from(bytes.toString('latin1').replace('(10, 10)', '(1e9,10)'), 'latin1'));
    expect(() => readNpy(file('d.npy'))).toThrow(expect.objectContaining({ code: 'INPUT_TRUNCATED' }));
  });
});

describeWith(['numpy'], '.npy and NumPy', () => {
  it('reads what NumPy wrote and writes what NumPy reads', () => {
    const python = (code: string): string => {
      const r = spawnSync('/usr/bin/python3', ['-c', code], { encoding: 'utf8', cwd: folder });
      expect(r.stderr).toBe('');
      return r.stdout.trim();
    };
    python("import numpy as n; n.save('n.npy', n.arange(6, dtype='<f4').reshape(2, 3) / 4)");
    expect(readNpy(file('n.npy'))).toEqual({ shape: [2, 3], data: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25) });
    writeNpy(file('m.npy'), Float32Array.of(0.5, 1, 1.5, 2), [2, 2]);
    expect(python("import numpy as n; a = n.load('m.npy'); print(a.dtype, a.shape, a.sum())")).toBe(
      'float32 (2, 2) 5.0',
    );
  });
});

describe('EXIF orientation', () => {
  it('maps sensor corners as the standard says', () => {
    // Where the sensor's top-left and top-right corners are once the photo is upright.
    const corners = {
      1: [
        [0, 0],
        [1, 0],
      ],
      3: [
        [1, 1],
        [0, 1],
      ],
      6: [
        [1, 0],
        [1, 1],
      ],
      8: [
        [0, 1],
        [0, 0],
      ],
    } as const;
    for (const [o, [tl, tr]] of Object.entries(corners)) {
      expect(upright(0, 0, Number(o))).toEqual(tl);
      expect(upright(1, 0, Number(o))).toEqual(tr);
    }
  });
});

describe('a library', () => {
  it('is not made over other files, and is not opened where there is none', () => {
    writeFileSync(file('something.txt'), 'x');
    expect(() => Library.create(folder)).toThrow(expect.objectContaining({ code: 'STATE_CONFLICT' }));
    expect(() => Library.open(file('nowhere'))).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('of a newer Covis is left alone', () => {
    const path = file('newer');
    const library = Library.create(path);
    library.db.pragma('user_version = 9999');
    library.close();
    expect(() => Library.open(path)).toThrow(expect.objectContaining({ code: 'INPUT_UNSUPPORTED' }));
  });
});
