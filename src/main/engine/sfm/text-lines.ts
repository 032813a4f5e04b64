import { closeSync, openSync, readSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import type { Blame } from './model-builder.ts';

/** A line, without its end, and the byte offset at which it starts. */
export interface Line {
  readonly text: string;
  readonly offset: number;
}

const CHUNK_BYTES = 1 << 20;
const LONGEST_LINE_BYTES = 1 << 28;

/** Errors that name this file. */
export function blameFor(file: string): Blame {
  return (message, offset) => new CovisError('INPUT_CORRUPT', message, { file, offset });
}

/** The lines of a text file, one at a time, however large it is. @throws CovisError naming file and offset. */
export function* lines(file: string): Generator<Line> {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (cause) {
    throw new CovisError('INPUT_MISSING', 'This file cannot be opened', { file, cause });
  }
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let pending = Buffer.alloc(0);
    let offset = 0;
    for (;;) {
      const n = readSync(fd, chunk, 0, CHUNK_BYTES, null);
      if (n === 0) break;
      const data =
        pending.length > 0 ? Buffer.concat([pending, chunk.subarray(0, n)]) : Buffer.from(chunk.subarray(0, n));
      let start = 0;
      for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
        yield decode(data.subarray(start, end), offset + start, file);
        start = end + 1;
      }
      pending = data.subarray(start);
      offset += start;
      if (pending.length > LONGEST_LINE_BYTES) throw blameFor(file)('A line is longer than 256 MiB', offset);
    }
    if (pending.length > 0) yield decode(pending, offset, file);
  } finally {
    closeSync(fd);
  }
}

function decode(bytes: Buffer, offset: number, file: string): Line {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { text: text.endsWith('\r') ? text.slice(0, -1) : text, offset };
  } catch {
    throw blameFor(file)('A line is not valid UTF-8', offset);
  }
}

/** Lines that are neither empty nor comments, split at white space. */
export function* records(file: string): Generator<{ fields: string[]; offset: number }> {
  for (const { text, offset } of lines(file)) {
    const trimmed = text.trim();
    if (trimmed !== '' && !trimmed.startsWith('#')) yield { fields: trimmed.split(/\s+/), offset };
  }
}

/** Parses one field, refusing anything that is not a plain number. */
export function number(
  field: string | undefined,
  what: string,
  offset: number,
  blame: Blame,
  truncated: Blame,
): number {
  if (field === undefined) throw truncated(`The line ends before ${what}`, offset);
  const value = Number(field);
  if (field === '' || Number.isNaN(value)) throw blame(`${what} is "${field.slice(0, 40)}", not a number`, offset);
  return value;
}
