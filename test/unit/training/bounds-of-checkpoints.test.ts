import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint, type Checkpoint } from '../../../src/main/engine/training/checkpoint.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const file = join(folder, 'runs', 'x.checkpoint');
const POSITION = { epoch: 1, round: 0, done: 0, tuples: null, sums: {}, steps: 0, trained: 0, seconds: 0.5 };
const CHECKPOINT: Checkpoint = {
  position: POSITION,
  // A part of a longer array is kept as the part.
  arrays: [Float32Array.of(9, 1, 2, 3, 9).subarray(1, 4), new Float32Array(0), Float32Array.of(-4)],
  optimiserSteps: 0,
};
const LENGTHS = [3, 0, 1];
/** A file of these parts, as checkpoint.ts describes it: magic, length of the header, header, numbers. */
const composed = (header: unknown, numbers: Buffer, magic = 'COVISCK1', length?: number): void => {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(length ?? text.length));
  writeFileSync(file, Buffer.concat([Buffer.from(magic), size, text, numbers]));
};
const refused = (lengths = LENGTHS): void =>
  expect(() => readCheckpoint(file, lengths)).toThrow(expect.objectContaining({ code: 'INPUT_CORRUPT', file }));

describe('a checkpoint', () => {
  it('comes back as it was written, in a folder that need not be there', () => {
    expect(() => readCheckpoint(file, LENGTHS)).toThrow(expect.objectContaining({ code: 'NOT_FOUND', file }));
    writeCheckpoint(file, CHECKPOINT);
    const { position, arrays, optimiserSteps } = readCheckpoint(file, LENGTHS);
    expect([position, optimiserSteps]).toEqual([POSITION, 0]);
    expect(arrays.map((a) => [...a])).toEqual([[1, 2, 3], [], [-4]]);
    expect(existsSync(`${file}.tmp`)).toBe(false);
    // Its numbers lie behind one another at the very end.
    const bytes = readFileSync(file);
    expect(bytes.toString('latin1', 0, 8)).toBe('COVISCK1');
    const from = 16 + Number(bytes.readBigUInt64LE(8));
    expect([0, 1, 2, 3].map((i) => bytes.readFloatLE(from + 4 * i))).toEqual([1, 2, 3, -4]);
    expect(bytes.length).toBe(from + 16);
  });

  it('is refused where it is cut anywhere, longer, or of other lengths', () => {
    writeCheckpoint(file, CHECKPOINT);
    const whole = readFileSync(file);
    for (let n = 0; n < whole.length; n += 1) {
      writeFileSync(file, whole.subarray(0, n));
      refused();
    }
    writeFileSync(file, Buffer.concat([whole, Buffer.alloc(1)]));
    refused();
    writeFileSync(file, whole);
    for (const lengths of [[3, 0], [3, 1, 0], [4, 0, 0], [], [3, 0, 1, 0]]) refused(lengths);
    expect(readCheckpoint(file, LENGTHS).arrays).toHaveLength(3);
  });

  it('may be empty but for its header, and every number in it has its bound', () => {
    const empty = { position: POSITION, optimiserSteps: 0, lengths: [] as number[] };
    const none = Buffer.alloc(0);
    composed(empty, none);
    expect(readCheckpoint(file, []).arrays).toEqual([]);
    for (const wrong of [
      { ...empty, optimiserSteps: -1 },
      { ...empty, optimiserSteps: 0.5 },
      { ...empty, lengths: [-1] },
      ...['epoch', 'round', 'done', 'steps', 'trained'].map((k) => ({ ...empty, position: { ...POSITION, [k]: -1 } })),
      { ...empty, position: { ...POSITION, epoch: 0 } },
      { ...empty, position: { ...POSITION, seconds: 'x' } },
      { ...empty, position: { ...POSITION, sums: { loss: 'x' } } },
      { ...empty, position: { ...POSITION, tuples: 3 } },
      { position: POSITION, optimiserSteps: 0 },
      '{',
    ]) {
      composed(wrong, none);
      refused([]);
    }
    composed({ ...empty, position: { ...POSITION, tuples: [1], sums: { loss: 2 } } }, none);
    expect(readCheckpoint(file, []).position).toMatchObject({ tuples: [1], sums: { loss: 2 } });
    composed(empty, none, 'COVISCK2');
    refused([]);
    const { length } = JSON.stringify(empty);
    for (const wrong of [0, length - 1, length + 1, 2 ** 28, 2 ** 28 + 1, 2 ** 40]) {
      composed(empty, none, 'COVISCK1', wrong);
      refused([]);
    }
  });
});
