/** Caches carry their digest at their end, where readers of JPEG and PNG do not look. */
import { createHash } from 'node:crypto';

const MARK = Buffer.from('covis-sealed-1\n', 'latin1');
const DIGEST_BYTES = 32;
const SEAL_BYTES = DIGEST_BYTES + MARK.length;

/** The content with its digest behind it. */
export function sealed(content: Uint8Array): Buffer {
  return Buffer.concat([content, createHash('sha256').update(content).digest(), MARK]);
}

/** The content of a file that was sealed, or all of one that was not: older versions wrote none. @returns undefined for a broken seal. */
export function unsealed(bytes: Buffer): Buffer | undefined {
  const end = bytes.length - SEAL_BYTES;
  if (end < 0 || !bytes.subarray(-MARK.length).equals(MARK)) return bytes;
  const content = bytes.subarray(0, end);
  const digest = createHash('sha256').update(content).digest();
  return digest.equals(bytes.subarray(end, end + DIGEST_BYTES)) ? content : undefined;
}

/** True for a file whose content carries its digest. */
export function isSealed(bytes: Buffer): boolean {
  return bytes.length >= SEAL_BYTES && bytes.subarray(-MARK.length).equals(MARK);
}
