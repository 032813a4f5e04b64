/** What training needs of a library, as one file of a plan: its database as it was at one moment, and networks. */
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { writeAll } from '../formats/beside.ts';
import { diskError } from '../formats/disk.ts';
import { parseJson } from '../formats/json-text.ts';
import { openRegular } from '../formats/regular.ts';
import { DATABASE } from '../formats/target.ts';
import type { Library } from '../library/library.ts';
import { snapshot } from '../library/snapshot.ts';
import type { TaskContext } from '../queue/context.ts';

const MAGIC = 'COVISLB1';
const BLOCK = 1 << 22;
const MOST_HEAD = 1 << 20;
/** Nothing else is written where a pack is opened, whatever it says. */
const PLACE =
  /^(library\.db|(networks|detectors)\/[0-9a-f]{16}\.onnx|teacher\/[a-z_]{1,32}\.(npy|json)|descriptors\/[0-9a-f]{16}-\d{2,5}(\.ids)?\.npy)$/;
const head = z.array(z.strictObject({ path: z.string().regex(PLACE), bytes: z.int().min(0) })).max(10_000);

const damaged = (file: string): CovisError =>
  new CovisError('INPUT_CORRUPT', "The plan's library is not what was planned", {
    file,
    hint: 'Plan again, or copy the plan again.',
  });

/**
 * Writes the pack: the magic word, the length of its head as u32, the head as JSON, then the files. Descriptors that are not named are left
 * out: a shard computes those that it needs.
 * @param networks by uid. @param more of the library's own files, as paths within it.
 */
export async function packLibrary(
  library: Library,
  networks: readonly string[],
  to: string,
  task: TaskContext,
  more: readonly string[] = [],
): Promise<void> {
  const database = `${to}.database`;
  task.step('Copying the database', 0, '');
  try {
    await snapshot(library, database, false, () => task.check());
    const files = [
      { path: DATABASE, from: database },
      ...[...new Set(networks)].map((uid) => ({
        path: `networks/${uid}.onnx`,
        from: library.file('networks', `${uid}.onnx`),
      })),
      ...more.map((path) => ({ path, from: join(library.path, path) })),
    ];
    const text = Buffer.from(JSON.stringify(files.map(({ path, from }) => ({ path, bytes: statSync(from).size }))));
    const size = Buffer.alloc(4);
    size.writeUInt32LE(text.length);
    const fd = openSync(to, 'wx');
    try {
      for (const part of [Buffer.from(MAGIC), size, text]) writeAll(fd, part);
      for (const { from } of files) append(from, fd, task);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw diskError(cause, to);
  } finally {
    rmSync(database, { force: true });
  }
}

function append(from: string, fd: number, task: TaskContext): void {
  const source = openRegular(from);
  try {
    const block = Buffer.allocUnsafe(BLOCK);
    for (let n = readSync(source.fd, block); n > 0; n = readSync(source.fd, block)) {
      task.check();
      writeAll(fd, block.subarray(0, n));
    }
  } finally {
    closeSync(source.fd);
  }
}

/** Makes a library of a pack, in a folder of its own. @throws CovisError `INPUT_CORRUPT` for what is no pack, `DISK_FULL`. */
export function unpackLibrary(pack: string, folder: string, task: TaskContext): void {
  const source = openRegular(pack);
  try {
    const start = Buffer.alloc(MAGIC.length + 4);
    if (readSync(source.fd, start) !== start.length || start.toString('latin1', 0, MAGIC.length) !== MAGIC)
      throw damaged(pack);
    const length = start.readUInt32LE(MAGIC.length);
    if (length > MOST_HEAD || start.length + length > fstatSync(source.fd).size) throw damaged(pack);
    const text = Buffer.alloc(length);
    readSync(source.fd, text);
    const parsed = head.safeParse(parseJson(text.toString('utf8'), { file: pack }, 'This is no pack'));
    if (!parsed.success) throw damaged(pack);
    for (const { path, bytes } of parsed.data) take(source.fd, join(folder, path), bytes, pack, task);
  } finally {
    closeSync(source.fd);
  }
}

function take(source: number, to: string, bytes: number, pack: string, task: TaskContext): void {
  try {
    mkdirSync(dirname(to), { recursive: true });
    const fd = openSync(to, 'wx');
    try {
      const block = Buffer.allocUnsafe(BLOCK);
      for (let left = bytes; left > 0;) {
        task.check();
        const n = readSync(source, block, 0, Math.min(BLOCK, left), null);
        if (n === 0) throw damaged(pack);
        writeAll(fd, block.subarray(0, n));
        left -= n;
      }
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw diskError(cause, to, bytes);
  }
}
