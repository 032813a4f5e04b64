import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readNpy, readNpyRows, writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { readModels } from '../../../src/main/engine/sfm/read.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { writeModel } from '../../../src/main/engine/sfm/writers/index.ts';
import { WRITTEN_FORMATS } from '../../../src/shared/jobs/convert.ts';
import { readCheckpoint, writeCheckpoint } from '../../../src/main/engine/training/checkpoint.ts';
import { somePoints, writeTextModel } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';

const bounds = vi.hoisted(() => ({ read: Infinity, write: Infinity }));
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    readSync: (fd: number, bytes: Uint8Array, at: number, length: number, from: number | null) =>
      at === undefined
        ? real.readSync(fd, bytes)
        : real.readSync(fd, bytes, at, length > bounds.read ? bounds.read : length, from),
    writeSync: (fd: number, bytes: Uint8Array, at = 0, length = bytes.length - at, to: number | null = null) =>
      real.writeSync(fd, bytes, at, length > bounds.write ? bounds.write : length, to),
  };
});
afterEach(() => {
  bounds.read = bounds.write = Infinity;
});

const folder = temporaryFolder();
const at = (...parts: string[]): string => join(folder, ...parts);
const POINTS = 900;
writeTextModel(at('text'), {
  images: ['a', 'b'].map((name, i) => ({
    name: `${name}.jpg`,
    at: [i / 10, 0, 0],
    sees: Array.from({ length: POINTS }, (_, k) => k + 1),
  })),
  points: somePoints(POINTS),
});
const readerOf = (format: string): (typeof MODEL_READERS)[number] => MODEL_READERS.find((r) => r.format === format)!;
const model = readModels({ path: at('text'), reader: readerOf('txt') })[0]!;

/** A call may move fewer bytes than it was asked to, as over a network, beyond 2 GiB, or where a disk is nearly full. */
describe('calls that move a part of what they were asked to', () => {
  it('write arrays and read them, whole and by rows', () => {
    const data = Float32Array.from({ length: 9000 }, (_, i) => i / 4);
    bounds.write = 1000;
    writeNpy(at('a.npy'), data, [3000, 3]);
    bounds.write = Infinity;
    expect(readNpy(at('a.npy')).data).toEqual(data);
    bounds.read = 4096;
    expect(readNpy(at('a.npy'))).toEqual({ shape: [3000, 3], data });
    expect(readNpyRows(at('a.npy'), 100, 2500)).toEqual(data.slice(300, 7800));
  });

  it.each(WRITTEN_FORMATS)('write models as %s and read them', (format) => {
    const whole = at(`whole ${format}`);
    const parts = at(`parts ${format}`);
    writeModel(model, format, whole);
    bounds.write = 1000;
    writeModel(model, format, parts);
    bounds.write = Infinity;
    for (const name of fs.readdirSync(whole))
      expect(fs.readFileSync(join(parts, name)).equals(fs.readFileSync(join(whole, name))), name).toBe(true);
    const reader = readerOf(format.replace('colmap-', ''));
    const read = (): unknown => readModels({ path: reader.find(whole)[0]!, reader });
    const expected = read();
    bounds.read = 4096;
    expect(read()).toEqual(expected);
  });

  it('write checkpoints and read them', () => {
    const arrays = [Float32Array.from({ length: 5000 }, (_, i) => i), Float32Array.of(1, 2)];
    const position = { epoch: 2, round: 1, done: 3, tuples: null, sums: {}, steps: 5, trained: 9, seconds: 1 };
    bounds.write = 1000;
    writeCheckpoint(at('c'), { position, optimiserSteps: 7, arrays });
    bounds.write = Infinity;
    expect(readCheckpoint(at('c'), [5000, 2])).toMatchObject({ optimiserSteps: 7, arrays });
  });
});
