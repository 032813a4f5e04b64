import { readSync } from 'node:fs';

/** How 16 bits are a number: IEEE half precision, bfloat16 (the upper half of a float32), or neither. */
export type ShortFloat = 'half' | 'bfloat16' | 'other';

const CHUNK_BYTES = 1 << 22;
const MESSAGE_BYTES = 20;
/** Of a floating point type in an object header, from its third byte: sign in bit 15, two bytes, from bit 0, 16 bits. */
const SHORT = Buffer.from([0x0f, 0, 2, 0, 0, 0, 0, 0, 16, 0]);
const BEFORE = 2;
/** Place and size of exponent and mantissa, and the exponent's bias. */
const LAYOUTS: Readonly<Record<string, ShortFloat>> = {
  '0a05000a0f000000': 'half',
  '070800077f000000': 'bfloat16',
};

/**
 * Which kinds of 16-bit floats an HDF5 file declares anywhere. HDF5 itself tells its callers here no more of a type than its class and
 * size, so that its own messages are looked for: class and version, bit fields, size, then the layout (HDF5 file format, IV.A.2.d).
 */
export function shortFloats(fd: number): Set<ShortFloat> {
  const found = new Set<ShortFloat>();
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  // A message may lie across two chunks: the end of one is the beginning of the next.
  for (let at = 0; ; at += CHUNK_BYTES - MESSAGE_BYTES) {
    const n = readSync(fd, chunk, 0, CHUNK_BYTES, at);
    const read = chunk.subarray(0, n);
    for (let hit = read.indexOf(SHORT); hit >= 0; hit = read.indexOf(SHORT, hit + 1)) {
      const start = hit - BEFORE;
      if (start < 0 || start + MESSAGE_BYTES > n) continue;
      const version = read[start]! >> 4;
      if ((read[start]! & 15) !== 1 || version < 1 || version > 5) continue;
      found.add(LAYOUTS[read.toString('hex', start + 12, start + MESSAGE_BYTES)] ?? 'other');
    }
    if (n < CHUNK_BYTES) return found;
  }
}
