/** The little of tar that shards need: POSIX ustar, the same bytes for the same content. */
import { CovisError } from '../../../../shared/errors.ts';

export const BLOCK = 512;
/** What eleven octal digits hold. */
const MOST_BYTES = 8 ** 11 - 1;

/** Bytes that a file takes in an archive, with its header. */
export function tarBytes(bytes: number): number {
  return BLOCK + Math.ceil(bytes / BLOCK) * BLOCK;
}

/** Header of a file: nobody's, readable by all, of 1970, so that it is the same whoever makes it. */
export function tarHeader(name: string, bytes: number): Buffer {
  if (Buffer.byteLength(name) > 100)
    throw new CovisError('INPUT_UNSUPPORTED', `The name ${name} is too long for a tar file`);
  if (bytes > MOST_BYTES) throw new CovisError('INPUT_UNSUPPORTED', `${name} has more than 8 GiB, too many for ustar`);
  const head = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number): void => {
    head.write(`${value.toString(8).padStart(digits, '0')}\0`, at, 'latin1');
  };
  head.write(name, 0, 'utf8');
  octal(0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(bytes, 124, 11);
  octal(0, 136, 11);
  head.write('        0', 148, 'latin1');
  head.write('ustar\x0000', 257, 'latin1');
  octal(0, 329, 7);
  octal(0, 337, 7);
  const sum = head.reduce((n, b) => n + b, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return head;
}

/** Fills the last block of a file. */
export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK);
}

/** What stands at the end of an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);
