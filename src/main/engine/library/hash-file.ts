import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { unreadable } from '../../../shared/errors.ts';
import { streamRegular } from '../formats/regular.ts';

const HASH_CHARS = 32;

/** Content hash: the first 32 hex characters of SHA-256. @throws CovisError naming the file where it cannot be read. */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(streamRegular(file), hash);
  } catch (cause) {
    throw unreadable(cause, file);
  }
  return hash.digest('hex').slice(0, HASH_CHARS);
}

/** As {@link hashFile}, of bytes. */
export function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, HASH_CHARS);
}
