/** A folder that is there whole or not at all: it is made beside its place and put there when it is done. */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
  readSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { makeFolder } from '../environment/folders.ts';
import { ownFile } from '../library/file-owner.ts';

const MARK = 'covis-partial';
const BLOCK = 4 << 20;

/** A folder in the making. */
export interface Making {
  /** Where it is made: `<place>.partial`. */
  readonly path: string;
  /** Puts it in its place; a folder that lies there goes. */
  finish(): void;
  /** To be called at the end in any case: what was not finished goes. */
  release(): void;
}

/**
 * Begins a folder. What an earlier attempt left of it, which was killed, goes.
 * @throws CovisError `STATE_CONFLICT` while another program makes the same one, or where something else lies at `<place>.partial`.
 */
export function beginFolder(place: string): Making {
  const path = `${place}.partial`;
  const before = `${place}.before`;
  makeFolder(dirname(place));
  const release = ownFile(path, {
    taken: 'This folder is being written by another program',
    hint: 'Wait until that one is done, or name another folder.',
    refused: 'This folder cannot be written',
  });
  try {
    for (const left of [path, before]) {
      if (!existsSync(left)) continue;
      // Killed between two renames.
      if (left === before && !existsSync(place)) renameSync(before, place);
      else if (existsSync(join(left, MARK))) remove(left);
      else
        throw new CovisError('STATE_CONFLICT', 'Something that is not of Covis lies where this folder would be made', {
          file: left,
          hint: 'Move it away, or name another folder.',
        });
    }
    // What stands in its place is whole.
    rmSync(join(place, MARK), { force: true });
    mkdirSync(path);
    mark(path);
  } catch (error) {
    release();
    throw error;
  }
  return {
    path,
    finish() {
      syncFolder(path);
      if (statSync(place, { throwIfNoEntry: false }) !== undefined) {
        if (readdirSync(place).length === 0) rmdirSync(place);
        else {
          mark(place);
          renameSync(place, before);
        }
      }
      renameSync(path, place);
      rmSync(join(place, MARK));
      syncFolder(dirname(place));
      remove(before);
    },
    release() {
      if (existsSync(join(path, MARK))) remove(path);
      release();
    },
  };
}

function mark(folder: string): void {
  writeFileSync(join(folder, MARK), 'This folder is being made; it can be deleted when nothing makes it.\n');
}

/** The mark goes last, so that what is left of a folder, should this be killed, is known as Covis'. */
function remove(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder))
    if (name !== MARK) rmSync(join(folder, name), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}

/** So that the names in it survive a loss of power; systems that cannot do that for folders do it by themselves. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

const TURN_MS = 50;
let turned = 0;

/** Lets others have their turn now and then, a signal that asks to stop among them. */
export async function giveWay(): Promise<void> {
  const time = performance.now();
  if (time - turned < TURN_MS) return;
  await new Promise((done) => setImmediate(done));
  turned = performance.now();
}

const SYNCED_TOGETHER = 16;

/** Waits until files are on the disk, so that a folder is not put in its place before what it holds. */
export async function syncFiles(paths: readonly string[]): Promise<void> {
  const one = async (path: string): Promise<void> => {
    // Windows syncs only what is open for writing.
    const file = await open(path, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  };
  for (let i = 0; i < paths.length; i += SYNCED_TOGETHER)
    await Promise.all(paths.slice(i, i + SYNCED_TOGETHER).map(one));
}

/** What was copied. */
export interface Copied {
  readonly bytes: number;
  readonly sha256: string;
  /** Milliseconds, of the file as it was opened. */
  readonly modified: number;
}

/**
 * Copies a file with its time, and says what was copied. @param to null to read it only. @param each is called between blocks with the
 * bytes of each, so that it can be stopped.
 */
export async function copyWithDigest(from: string, to: string | null, each: (bytes: number) => void): Promise<Copied> {
  const hash = createHash('sha256');
  const block = Buffer.allocUnsafe(BLOCK);
  const source = openSync(from, 'r');
  let target: number | undefined;
  try {
    const { mtimeMs, mtime, atime } = fstatSync(source);
    if (to !== null) {
      mkdirSync(dirname(to), { recursive: true });
      // What lies there may be a second name of a file of an earlier backup, which is not written over.
      rmSync(to, { force: true });
      target = openSync(to, 'w');
    }
    let bytes = 0;
    for (let n = readSync(source, block); n > 0; n = readSync(source, block)) {
      const part = block.subarray(0, n);
      hash.update(part);
      for (let at = 0; target !== undefined && at < n;) at += writeSync(target, part, at, n - at);
      bytes += n;
      await giveWay();
      each(n);
    }
    if (target !== undefined) {
      closeSync(target);
      target = undefined;
      utimesSync(to!, atime, mtime);
    }
    return { bytes, sha256: hash.digest('hex'), modified: mtimeMs };
  } finally {
    closeSync(source);
    if (target !== undefined) closeSync(target);
  }
}
