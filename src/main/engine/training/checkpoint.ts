import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { diskError } from '../formats/disk.ts';
import type { Library } from '../library/library.ts';
import { checkpointPath } from '../library/sweep.ts';
import type { LossScale } from './loss-scale.ts';

/** Where a run stands, besides its numbers. Tuples of the round under way are in the file, so that a round goes on as it was drawn. */
export interface Position {
  /** The epoch under way, from 1. */
  readonly epoch: number;
  readonly round: number;
  /** Tuples of the round that are done; the round has not been mined yet where `tuples` is null. */
  readonly done: number;
  readonly tuples: readonly unknown[] | null;
  readonly sums: Readonly<Record<string, number>>;
  readonly steps: number;
  readonly trained: number;
  readonly seconds: number;
}

export interface Checkpoint {
  readonly position: Position;
  /** Weights, then whatever the optimiser keeps, in a fixed order. */
  readonly arrays: readonly Float32Array[];
  /** Steps that the optimiser has taken. */
  readonly optimiserSteps: number;
  /** What the loss is multiplied by; undefined in single precision. */
  readonly scaling?: LossScale | undefined;
}

const MAGIC = 'COVISCK1';
const MOST_HEADER = 1 << 28;

const headerSchema = z.object({
  position: z.object({
    epoch: z.int().min(1),
    round: z.int().min(0),
    done: z.int().min(0),
    tuples: z.array(z.unknown()).nullable(),
    sums: z.record(z.string(), z.number()),
    steps: z.int().min(0),
    trained: z.int().min(0),
    seconds: z.number(),
  }),
  optimiserSteps: z.int().min(0),
  scaling: z.object({ scale: z.number().positive(), good: z.int().min(0), skipped: z.int().min(0) }).optional(),
  lengths: z.array(z.int().min(0)),
});

/** The file of a run's last checkpoint. */
export function checkpointFile(library: Library, run: number): string {
  return checkpointPath(library.path, run);
}

/**
 * Writes a checkpoint beside the last one and puts it in its place only when it is whole and on disk.
 * @throws CovisError `DISK_FULL` when the disk takes no more; the last checkpoint stays as it was.
 */
export function writeCheckpoint(file: string, checkpoint: Checkpoint): void {
  const temporary = `${file}.tmp`;
  const header = Buffer.from(
    JSON.stringify({
      position: checkpoint.position,
      optimiserSteps: checkpoint.optimiserSteps,
      scaling: checkpoint.scaling,
      lengths: checkpoint.arrays.map((a) => a.length),
    }),
  );
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  try {
    mkdirSync(dirname(file), { recursive: true });
    const fd = openSync(temporary, 'w');
    try {
      const parts = checkpoint.arrays.map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength));
      for (const part of [Buffer.from(MAGIC), size, header, ...parts]) writeWhole(fd, part);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
  } catch (cause) {
    rmSync(temporary, { force: true });
    const wanted = checkpoint.arrays.reduce((n, a) => n + a.byteLength, header.length);
    const said = diskError(cause, file, wanted);
    if (!(said instanceof CovisError))
      throw new CovisError('INTERNAL', `The checkpoint could not be written: ${String(cause)}`, { file, cause });
    const full = said.code === 'DISK_FULL';
    throw new CovisError(said.code, `The checkpoint of this training could not be written. ${said.message}`, {
      file,
      cause,
      hint: `The last checkpoint is as it was: ${full ? 'make room' : 'mend this'}, then resume the run.`,
    });
  }
}

/** A write may take a part only. */
function writeWhole(fd: number, part: Buffer): void {
  for (let at = 0; at < part.length;) at += writeSync(fd, part, at, part.length - at);
}

/**
 * @param lengths of the arrays that the run needs.
 * @throws CovisError `NOT_FOUND` without one, `INPUT_CORRUPT` for a file that is damaged or of another network.
 */
export function readCheckpoint(file: string, lengths: readonly number[]): Checkpoint {
  if (!existsSync(file))
    throw new CovisError('NOT_FOUND', 'This run left no checkpoint', { file, hint: 'Train again from the start.' });
  const bytes = readFileSync(file);
  const damaged = (cause?: unknown): CovisError =>
    new CovisError('INPUT_CORRUPT', 'This checkpoint is damaged, or of another network', { file, cause });
  if (bytes.length < 16 || bytes.toString('latin1', 0, 8) !== MAGIC) throw damaged();
  const headerBytes = Number(bytes.readBigUInt64LE(8));
  if (headerBytes > MOST_HEADER || 16 + headerBytes > bytes.length) throw damaged();
  let header: z.infer<typeof headerSchema>;
  try {
    header = headerSchema.parse(JSON.parse(bytes.toString('utf8', 16, 16 + headerBytes)));
  } catch (cause) {
    throw damaged(cause);
  }
  const total = header.lengths.reduce((sum, n) => sum + 4 * n, 0);
  if (bytes.length !== 16 + headerBytes + total || header.lengths.join() !== lengths.join()) throw damaged();
  let at = 16 + headerBytes;
  const arrays = header.lengths.map((n) => {
    const part = new Uint8Array(bytes.subarray(at, at + 4 * n));
    at += 4 * n;
    return new Float32Array(part.buffer, part.byteOffset, n);
  });
  return { position: header.position, arrays, optimiserSteps: header.optimiserSteps, scaling: header.scaling };
}
