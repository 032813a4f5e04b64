import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  read,
  readSync,
  statSync,
  type ReadStream,
  type Stats,
} from 'node:fs';
import { promisify } from 'node:util';
import { CovisError, unreadable } from '../../../shared/errors.ts';
import { inWords } from './budget.ts';

const BLOCK = 1 << 28;
const readSoon = promisify(read);
/** Opening a pipe waits for who writes into it, unless this is said; nothing becomes this process's terminal. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** A regular file opened for reading. Close `fd` when done. */
export interface RegularFile {
  readonly fd: number;
  readonly stats: Stats;
}

/**
 * Opens a file that a person, a list or a model names: the one way to any foreign file. What was opened is looked at, not its name, so
 * that nothing can take the file's place between.
 * @throws CovisError `INPUT_MISSING`; `INPUT_INVALID` for a folder, a device, a pipe, a socket, a file of the system's own and what may not
 * be read.
 */
export function openRegular(file: string): RegularFile {
  let fd: number;
  try {
    // Looked at first because opening alone rewinds a tape.
    refuse(statSync(file), file);
    fd = openSync(file, FLAGS);
  } catch (cause) {
    throw unreadable(cause, file);
  }
  try {
    const stats = fstatSync(fd);
    refuse(stats, file);
    return { fd, stats };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Opens a file as {@link openRegular} does for as long as some work takes. */
export function withRegular<T>(file: string, work: (opened: RegularFile) => T): T {
  const opened = openRegular(file);
  try {
    return work(opened);
  } finally {
    closeSync(opened.fd);
  }
}

/** @throws CovisError as {@link openRegular}. */
export function refuseNotRegular(file: string): Stats {
  return withRegular(file, ({ stats }) => stats);
}

/**
 * A whole file.
 * @param most bytes. @param what of sentences, as in "This pickle is larger than 1 GiB". @param hint what to do about one that is larger.
 * @throws CovisError as {@link openRegular}, `INPUT_UNSUPPORTED` for a larger one.
 */
export function readRegular(file: string, most: number, what = 'file', hint?: string): Buffer {
  return withRegular(file, ({ fd, stats: { size } }) => {
    if (size > most) throw larger(file, most, what, hint);
    const bytes = Buffer.allocUnsafe(size);
    let done = 0;
    try {
      while (done < size) {
        const n = readSync(fd, bytes, done, Math.min(size - done, BLOCK), done);
        // It became shorter meanwhile: its reader says what is missing.
        if (n === 0) break;
        done += n;
      }
    } catch (cause) {
      throw unreadable(cause, file);
    }
    return bytes.subarray(0, done);
  });
}

/** As {@link readRegular}, without waiting for the disk: undefined for a file of more bytes than `most`. */
export async function readRegularSoon(file: string, most: number): Promise<Buffer | undefined> {
  const {
    fd,
    stats: { size },
  } = openRegular(file);
  try {
    if (size > most) return undefined;
    const bytes = Buffer.allocUnsafe(size);
    let done = 0;
    while (done < size) {
      const { bytesRead } = await readSoon(fd, bytes, done, size - done, done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  } catch (cause) {
    throw unreadable(cause, file);
  } finally {
    closeSync(fd);
  }
}

/** A stream of a file's bytes, which closes it. @throws CovisError as {@link openRegular}. */
export function streamRegular(file: string): ReadStream {
  const { fd } = openRegular(file);
  return createReadStream(file, { fd, autoClose: true, start: 0 });
}

const PIPED = /^\/(dev|proc\/(self|\d+))\/(fd\/\d+|stdin)$/;

/** True for what a shell pipes in, as in <(ls), which can be read once only. A pipe that lies in a folder is none. */
export function isPiped(file: string): boolean {
  return PIPED.test(file) && statSync(file, { throwIfNoEntry: false })?.isFIFO() === true;
}

/** What a shell pipes in. @throws CovisError `INPUT_UNSUPPORTED` above so many bytes. */
export function readPiped(file: string, most: number, what = 'file'): Buffer {
  const fd = openSync(file, 'r');
  try {
    const parts: Buffer[] = [];
    for (let total = 0; ;) {
      const part = Buffer.allocUnsafe(1 << 16);
      const n = readSync(fd, part, 0, part.length, null);
      if (n === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, n));
      total += n;
      if (total > most) throw larger(file, most, what);
    }
  } finally {
    closeSync(fd);
  }
}

/** @throws CovisError as {@link openRegular}, `INPUT_UNSUPPORTED` for a file of more bytes. */
export function refuseLarger(file: string, most: number, what = 'file'): void {
  if (refuseNotRegular(file).size > most) throw larger(file, most, what);
}

function larger(file: string, most: number, what: string, hint?: string): CovisError {
  return new CovisError('INPUT_UNSUPPORTED', `This ${what} is larger than ${inWords(most)}`, {
    file,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** What the system makes up when it is read: some of it never ends, and says that it is empty. */
let systems: ReadonlySet<number> | undefined;

function ofSystem(dev: number): boolean {
  systems ??= new Set(
    process.platform === 'linux'
      ? ['/proc', '/sys'].flatMap((f) => statSync(f, { throwIfNoEntry: false })?.dev ?? [])
      : [],
  );
  return systems.has(dev);
}

function refuse(there: Stats, file: string): void {
  const not = (message: string, hint: string): CovisError => new CovisError('INPUT_INVALID', message, { file, hint });
  if (there.isDirectory()) throw not('This is a folder, and a file is wanted', 'Name a file in it.');
  if (there.isSocket()) throw not('This is a socket, and a file is wanted', 'Name a file.');
  if (!there.isFile()) throw not('This is a device or a pipe, and a file is wanted', 'Copy it into a file.');
  if (ofSystem(there.dev))
    throw not("This is no file but the system's own, and a file is wanted", 'Copy it into a file.');
}
