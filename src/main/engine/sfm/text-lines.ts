import { closeSync, readSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import { openRegular } from '../formats/regular.ts';
import { decodeName } from '../library/names.ts';
import type { Blame } from './model-builder.ts';

/** A line, without its end, and the byte offset at which it starts. */
export interface Line {
  readonly text: string;
  readonly offset: number;
}

const CHUNK_BYTES = 1 << 20;
const LONGEST_LINE_BYTES = 1 << 28;

/** A sentence begins with a capital, also where it begins with what was being read. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** Errors that name this file. */
export function blameFor(file: string): Blame {
  return (message, offset) => new CovisError('INPUT_CORRUPT', sentence(message), { file, offset });
}

/** The lines of a text file, one at a time, however large it is. @throws CovisError naming file and offset. */
export function* lines(file: string): Generator<Line> {
  const { fd } = openRegular(file);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    // The beginning of a line that is longer than what was read so far: joined once, when its end is there.
    let pending: Buffer[] = [];
    let held = 0;
    let offset = 0;
    for (;;) {
      const n = readSync(fd, chunk, 0, CHUNK_BYTES, null);
      if (n === 0) break;
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0 && end < n; end = chunk.indexOf(10, start)) {
        const tail = chunk.subarray(start, end);
        yield decode(held === 0 ? tail : Buffer.concat([...pending, tail]), offset);
        offset += held + tail.length + 1;
        pending = [];
        held = 0;
        start = end + 1;
      }
      if (start < n) {
        pending.push(Buffer.from(chunk.subarray(start, n)));
        held += n - start;
      }
      if (held > LONGEST_LINE_BYTES) throw blameFor(file)('A line is longer than 256 MiB', offset);
    }
    if (held > 0) yield decode(Buffer.concat(pending), offset);
  } finally {
    closeSync(fd);
  }
}

/** Names may be of any encoding; all else in these files is ASCII. */
function decode(bytes: Buffer, offset: number): Line {
  const text = decodeName(bytes);
  return { text: text.endsWith('\r') ? text.slice(0, -1) : text, offset };
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
  if (field === '' || Number.isNaN(value))
    throw blame(sentence(`${what} is "${field.slice(0, 40)}", not a number`), offset);
  return value;
}
