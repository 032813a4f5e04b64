import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { unreadable } from '../../../shared/errors.ts';
import { streamRegular, withRegular } from '../formats/regular.ts';

export const HASH_CHARS = 32;
const BLOCK_BYTES = 1 << 20;

/** The content hash that goes with a SHA-256 in hex. */
export function contentHash(digest: string): string {
  return digest.slice(0, HASH_CHARS);
}

/** SHA-256 of a file's content, in hex; the file is read at once, a block after the other. @throws CovisError as {@link withRegular}. */
export function digestOf(file: string): string {
  const hash = createHash('sha256');
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  withRegular(file, ({ fd }) => {
    for (let n = readSync(fd, block); n > 0; n = readSync(fd, block)) hash.update(block.subarray(0, n));
  });
  return hash.digest('hex');
}

/** Content hash: the first 32 hex characters of {@link digestOf}. @throws CovisError as that. */
export function hashNow(file: string): string {
  return contentHash(digestOf(file));
}

/** As {@link digestOf}, while other work goes on. @throws CovisError naming the file where it cannot be read. */
export async function digestFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(streamRegular(file), hash);
  } catch (cause) {
    throw unreadable(cause, file);
  }
  return hash.digest('hex');
}

/** As {@link hashNow}, while other work goes on. @throws CovisError as {@link digestFile}. */
export async function hashFile(file: string): Promise<string> {
  return contentHash(await digestFile(file));
}

/** As {@link hashNow}, of bytes. */
export function hashBytes(bytes: Uint8Array): string {
  return contentHash(createHash('sha256').update(bytes).digest('hex'));
}
