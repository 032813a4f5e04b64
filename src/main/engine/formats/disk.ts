/** What a disk refuses, with what is free there. */
import { statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CovisError, finalName, ofSystem } from '../../../shared/errors.ts';
import { systemWords } from '../../../shared/system-errors.ts';

/** SQLite says of some writes only that they failed. With less than this free, the disk is full. */
const NEARLY_NOTHING = 1 << 18;
const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** Bytes that this account may still write at a path, or where it would be; undefined where the system does not say. */
export function freeBytes(path: string): number | undefined {
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      const { bavail, bsize } = statfsSync(at);
      return bavail * bsize;
    } catch {
      if (dirname(at) === at) return undefined;
    }
  }
}

/** `12.5 MB`. */
export function bytesText(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${unit === 0 ? bytes : (bytes / 1000 ** unit).toFixed(1)} ${UNITS[unit]!}`;
}

/** True for what the system or SQLite throws where a disk, a quota or a limit takes no more. */
export function isFull(cause: unknown, file?: string): boolean {
  if (cause instanceof CovisError) return cause.code === 'DISK_FULL';
  if (systemWords(cause)?.words[0] === 'DISK_FULL') return true;
  const { code } = (cause ?? {}) as { code?: unknown };
  if (typeof code !== 'string' || !/^SQLITE_(IOERR|CANTOPEN)/.test(code) || file === undefined) return false;
  return isNearlyFull(file);
}

/** True where next to nothing is free. */
export function isNearlyFull(path: string): boolean {
  return (freeBytes(path) ?? Infinity) < NEARLY_NOTHING;
}

/**
 * What was thrown while a file was written, as an error that says so: of a full disk with what is free there and how much was wanted. What
 * Covis itself threw stays as it is, unless it only wraps that.
 * @param file named instead of what the system named. @param wanted bytes, where they are known.
 */
export function diskError(thrown: unknown, file?: string, wanted?: number): unknown {
  const { path, dest } = (thrown ?? {}) as { path?: unknown; dest?: unknown };
  // A copy names both; it is the place that is full.
  const system = typeof dest === 'string' ? dest : typeof path === 'string' ? path : undefined;
  const named = file ?? (system === undefined ? undefined : finalName(system));
  if (thrown instanceof CovisError) {
    if (thrown.code === 'DISK_FULL' || thrown.cause === undefined || !isFull(thrown.cause, thrown.file)) return thrown;
    return diskError(thrown.cause, thrown.file, wanted);
  }
  if (!isFull(thrown, named)) return ofSystem(thrown, named);
  const words = systemWords(thrown)?.words;
  const [, sentence, hint] =
    words?.[0] === 'DISK_FULL'
      ? words
      : ['', 'The disk of the database is full', 'Make room on it, then do this again.'];
  const free = named === undefined ? undefined : freeBytes(named);
  const amounts = [
    ...(wanted === undefined ? [] : [`${bytesText(wanted)} were wanted`]),
    ...(free === undefined ? [] : [`${bytesText(free)} are free`]),
  ].join(', ');
  return new CovisError('DISK_FULL', amounts === '' ? sentence : `${sentence}: ${amounts}`, {
    ...(named === undefined ? {} : { file: named }),
    hint: hint.replace(/ again\.$/, ' again: what was finished before is kept.'),
    cause: thrown,
  });
}
