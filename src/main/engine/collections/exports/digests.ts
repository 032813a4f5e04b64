/** Digests of many files at once, in few threads and little memory. */
import { createHash, hash, webcrypto } from 'node:crypto';
import { readRegularSoon, streamRegular } from '../../formats/regular.ts';
import { unreadable } from '../../../../shared/errors.ts';

/** Files up to so many bytes are read whole, and hashed in a thread beside. */
const WHOLE = 32 << 20;
/** Files at work at once. */
export const AT_ONCE = 4;
/** So long work goes on at most before messages, such as that it is to stop, are heard. */
const TURN_MS = 25;

/** SHA-256 of bytes, in hex. */
export function sha256Of(bytes: Uint8Array | string): string {
  return hash('sha256', bytes);
}

/** What a file is. */
export interface FileDigest {
  readonly sha256: string;
  readonly bytes: number;
}

/** SHA-256 and size of a file while other work goes on. @throws CovisError naming a file that cannot be read. */
export async function digestFile(file: string): Promise<FileDigest> {
  const whole = await readRegularSoon(file, WHOLE);
  if (whole !== undefined) {
    const digest = await webcrypto.subtle.digest('SHA-256', whole as Uint8Array<ArrayBuffer>);
    return { sha256: Buffer.from(digest).toString('hex'), bytes: whole.length };
  }
  const { hexes, bytes } = await digestsOf(file, ['sha256']);
  return { sha256: hexes['sha256']!, bytes };
}

/** Several digests of a file, which is read once. @param algorithms as `node:crypto` calls them. */
export async function digestsOf(
  file: string,
  algorithms: readonly string[],
): Promise<{ hexes: Readonly<Record<string, string>>; bytes: number }> {
  const hashes = algorithms.map((a) => [a, createHash(a)] as const);
  let bytes = 0;
  try {
    for await (const part of streamRegular(file) as AsyncIterable<Buffer>) {
      bytes += part.length;
      for (const [, h] of hashes) h.update(part);
    }
  } catch (cause) {
    throw unreadable(cause, file);
  }
  return { hexes: Object.fromEntries(hashes.map(([a, h]) => [a, h.digest('hex')])), bytes };
}

/** Does work on each, so many at once; the first error ends it, once those at work are done. */
export async function inParallel<T>(
  all: readonly T[],
  work: (one: T, i: number) => Promise<void>,
  atOnce = AT_ONCE,
): Promise<void> {
  let next = 0;
  let heard = performance.now();
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (next < all.length && failure === undefined) {
      const i = next;
      next += 1;
      try {
        await work(all[i]!, i);
      } catch (error) {
        failure ??= { error };
      }
      if (performance.now() - heard < TURN_MS) continue;
      await new Promise(setImmediate);
      heard = performance.now();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
  if (failure !== undefined) throw failure.error;
}
