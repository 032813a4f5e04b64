import { CovisError } from '../../../shared/errors.ts';
import { LIMITS } from '../formats/budget.ts';
import { refuseStandIn } from '../formats/recognise.ts';
import { isPiped, readPiped, readRegular, refuseLarger } from '../formats/regular.ts';
import { decodeName } from './names.ts';

const TEXT = 'text file';
const WIDE = ['\xff\xfe', '\xfe\xff'];

/**
 * Any bytes are lines to somebody who splits them: what has a zero byte is no text, but for UTF-16 with its mark.
 * @throws CovisError as {@link refuseStandIn}, `INPUT_CORRUPT` for what is no text.
 */
export function refuseNoText(file: string): void {
  // What a shell pipes in, as in <(ls), can be read once only.
  if (isPiped(file)) return;
  const head = refuseStandIn(file);
  if (head.includes(0) && !WIDE.includes(head.toString('latin1', 0, 2)))
    throw new CovisError('INPUT_CORRUPT', 'This is no text, and a list is wanted', {
      file,
      hint: 'Name a text file with one entry a line.',
    });
}

/**
 * Lines of a text, without their ends (LF or CRLF) and without a byte order mark; UTF-16 where its mark says so, else each line as
 * {@link decodeName} has it. Spaces stay.
 * @throws CovisError as {@link refuseNoText}, `INPUT_UNSUPPORTED` above 256 MiB.
 */
export function textLines(file: string): string[] {
  // Measured before it is looked into.
  if (!isPiped(file)) refuseLarger(file, LIMITS.whole.text, TEXT);
  refuseNoText(file);
  return linesOf(textBytes(file));
}

/** A whole text, also what a shell pipes in. @throws CovisError as `openRegular`, `INPUT_UNSUPPORTED` above 256 MiB. */
export function textBytes(file: string): Buffer {
  const read = isPiped(file) ? readPiped : readRegular;
  return read(file, LIMITS.whole.text, TEXT);
}

/** As {@link textLines}, of bytes. */
export function linesOf(bytes: Buffer): string[] {
  const lines = decoded(bytes).map((l) => (l.endsWith('\r') ? l.slice(0, -1) : l));
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function decoded(bytes: Buffer): string[] {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le').split('\n');
  if (bytes[0] === 0xfe && bytes[1] === 0xff && bytes.length % 2 === 0)
    return Buffer.from(bytes.subarray(2)).swap16().toString('utf16le').split('\n');
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const body = marked ? bytes.subarray(3) : bytes;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body).split('\n');
  } catch {
    const lines: string[] = [];
    let start = 0;
    for (let end = body.indexOf(10); end >= 0; end = body.indexOf(10, start)) {
      lines.push(decodeName(body.subarray(start, end)));
      start = end + 1;
    }
    lines.push(decodeName(body.subarray(start)));
    return lines;
  }
}

/** The first few of many names for a sentence. */
export function firstFew(names: readonly string[], few = 3, between = ', '): string {
  return `${names.slice(0, few).join(between)}${names.length > few ? ', …' : ''}`;
}
