import { closeSync, openSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Hdf5File } from '../../../src/main/engine/formats/hdf5.ts';
import { readMat5 } from '../../../src/main/engine/formats/mat5.ts';
import { readNpy, readNpyRows, writeNpy, writeNpyParts } from '../../../src/main/engine/formats/npy.ts';
import { readPickle } from '../../../src/main/engine/formats/pickle.ts';
import { writePickle } from '../../../src/main/engine/formats/pickle-writer.ts';
import { headOf, refuseStandIn } from '../../../src/main/engine/formats/recognise.ts';
import { digestOf } from '../../../src/main/engine/library/hash-file.ts';
import { DescriptorJournal } from '../../../src/main/engine/retrieval/journal.ts';
import { BinaryReader } from '../../../src/main/engine/sfm/binary-reader.ts';
import { readModels } from '../../../src/main/engine/sfm/read.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { lines } from '../../../src/main/engine/sfm/text-lines.ts';
import { writeModel } from '../../../src/main/engine/sfm/writers/index.ts';
import { WRITTEN_FORMATS } from '../../../src/shared/jobs/convert.ts';
import { write } from '../../../src/main/engine/sfm/writers/sink.ts';
import { readCheckpoint, writeCheckpoint } from '../../../src/main/engine/training/checkpoint.ts';
import { somePoints, writeTextModel } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const file = (name: string, bytes: string | Uint8Array): string => {
  writeFileSync(at(name), bytes);
  return at(name);
};

/** The number of the next file that is opened: the least that is free. */
function nextOpened(): number {
  const fd = openSync(folder, 'r');
  closeSync(fd);
  return fd;
}
/** Does something twice, whether or not it throws, and tells how many files stay open. */
function leftOpen(work: () => unknown): number {
  const before = nextOpened();
  for (let k = 0; k < 2; k += 1)
    try {
      work();
    } catch {
      // What is said is for other tests.
    }
  return nextOpened() - before;
}

const npy = (descr: string, rows: number): Buffer => {
  writeNpy(at('made.npy'), Float32Array.of(1, 2, 3, 4), [2, 2]);
  const text = readFileSync(at('made.npy'), 'latin1');
  return Buffer.from(text.replace("'<f4'", descr).replace('(2, 2)', `(${rows}, 2)`), 'latin1');
};
const good = file('good.npy', npy("'<f4'", 2));
const complex = file('complex.npy', npy("'<c8'", 2));
const long = file('long.npy', npy("'<f4'", 9));
const noArray = file('none.npy', 'no array');
const fewLines = file('lines.txt', 'one\ntwo\nthree\n');
const journal = file('broken.part', '');

describe('files are closed again', () => {
  it.each<[string, () => unknown]>([
    ['an array', () => readNpy(good)],
    ['no array', () => readNpy(noArray)],
    ['an array of another type', () => readNpy(complex)],
    ['an array that is cut short', () => readNpy(long)],
    ['rows', () => readNpyRows(good, 1, 1)],
    ['no rows', () => readNpyRows(good, 2, 1)],
    ['rows of another type', () => readNpyRows(complex, 0, 1)],
    ['rows that are cut short', () => readNpyRows(long, 5, 2)],
    ['rows of no array', () => readNpyRows(noArray, 0, 1)],
    ['an array that is written', () => writeNpy(at('written.npy'), Float32Array.of(1), [1])],
    [
      'parts that cannot be made',
      () =>
        writeNpyParts(
          at('parts.npy'),
          '<f4',
          [1],
          (function* () {
            yield Float32Array.of(1);
            throw new Error('no more');
          })(),
        ),
    ],
    ['a beginning', () => headOf(good)],
    ['a file that stands for none', () => refuseStandIn(good)],
    ['a folder', () => headOf(folder)],
    // It is told by its first bytes, before anything is waited for.
    ['no HDF5', () => void Hdf5File.open(good).catch(() => undefined)],
    ['no MATLAB', () => readMat5(good)],
    ['a pickle', () => readPickle(file('p.pkl', writePickle({ a: [1, 2] })))],
    ['no pickle', () => readPickle(good)],
    ['a digest', () => digestOf(good)],
    ['all lines', () => [...lines(fewLines)]],
    [
      'the first line alone',
      () => {
        for (const line of lines(fewLines)) return line;
        return undefined;
      },
    ],
    [
      'bytes beyond the end',
      () => {
        const reader = new BinaryReader(good);
        try {
          reader.cString('text');
        } finally {
          reader.close();
        }
      },
    ],
    ['a text that is written', () => write(at('t'), (sink) => sink.text('a'))],
    [
      'a text that is not finished',
      () =>
        write(at('u'), () => {
          throw new Error('no more');
        }),
    ],
    ['a journal', () => new DescriptorJournal(at('j.part'), 2).close()],
    ['a journal that is deleted', () => new DescriptorJournal(at('k.part'), 2).remove()],
    ['a journal with no room for a record', () => new DescriptorJournal(journal, -1e9).close()],
    [
      'a checkpoint',
      () => {
        const lengths = [2];
        const position = { epoch: 2, round: 1, done: 3, tuples: null, sums: {}, steps: 5, trained: 9, seconds: 1 };
        writeCheckpoint(at('c'), { position, optimiserSteps: 1, arrays: [Float32Array.of(1, 2)] });
        readCheckpoint(at('c'), lengths);
      },
    ],
    ['no checkpoint', () => readCheckpoint(good, [1])],
    [
      'a checkpoint in a folder',
      () => writeCheckpoint(folder, { position: {} as never, optimiserSteps: 0, arrays: [] }),
    ],
  ])('%s', (_, work) => {
    expect(leftOpen(work)).toBe(0);
  });

  it('what cannot be written leaves nothing behind', () => {
    const before = readdirSync(folder);
    const parts = function* (): Generator<Float32Array> {
      yield Float32Array.of(1);
      throw new Error('no more');
    };
    expect(() => writeNpyParts(at('half.npy'), '<f4', [2], parts())).toThrow('no more');
    expect(readdirSync(folder)).toEqual(before);
  });

  it('of more than a buffer hold all that was written, in its order', () => {
    const parts: Buffer[] = [];
    const put = (bytes: Buffer): void => void parts.push(bytes);
    write(at('large'), (sink) => {
      for (let i = 0; i < 300_000; i += 1) {
        sink.u8(i % 251);
        sink.u32(7 * i);
        put(Buffer.of(i % 251));
        const four = Buffer.alloc(4);
        four.writeUInt32LE(7 * i);
        put(four);
      }
      // As long as the buffer, longer, and short ones around.
      for (const n of [3, 1 << 20, 5, (1 << 20) + 1, 2, (1 << 20) - 1, 1]) {
        const text = String.fromCharCode(97 + (n % 7)).repeat(n);
        sink.text(text);
        put(Buffer.from(text));
      }
    });
    expect(readFileSync(at('large')).equals(Buffer.concat(parts))).toBe(true);
  });

  it('models of each format that is written, whole and with every file cut short', () => {
    writeTextModel(at('tiny'), {
      images: [
        { name: 'a.jpg', at: [1, 2, -3], sees: [1, 2] },
        { name: 'b.jpg', at: [0, 0, 0], sees: [2] },
      ],
      points: somePoints(2),
    });
    const named = (format: string): (typeof MODEL_READERS)[number] => MODEL_READERS.find((r) => r.format === format)!;
    const model = readModels({ path: at('tiny'), reader: named('txt') })[0]!;
    for (const format of WRITTEN_FORMATS) {
      const made = at(`made ${format}`);
      const reader = named(format.replace('colmap-', ''));
      expect(leftOpen(() => writeModel(model, format, made))).toBe(0);
      const [found] = reader.find(made);
      const read = (): unknown => readModels({ path: found!, reader });
      expect(read()).toHaveLength(1);
      expect(leftOpen(read)).toBe(0);
      for (const name of readdirSync(made)) {
        const whole = readFileSync(join(made, name));
        truncateSync(join(made, name), Math.floor(whole.length * 0.7));
        expect(leftOpen(read)).toBe(0);
        writeFileSync(join(made, name), whole);
      }
    }
  });
});
