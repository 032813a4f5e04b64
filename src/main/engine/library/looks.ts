import { DisjointSets, groupsOf } from './disjoint-sets.ts';
import { photoImage, undecodable } from './pixels.ts';

const SIDE = 32;
const KEPT = 8;
/** Cosines of the two-dimensional transform, [kept, side]. */
const COSINES = Float64Array.from({ length: KEPT * SIDE }, (_, i) =>
  Math.cos((Math.PI * Math.floor(i / SIDE) * (2 * (i % SIDE) + 1)) / (2 * SIDE)),
);

/**
 * Perceptual hash: which of the 64 lowest frequencies of the photo, 32 x 32 grey values, are above their median (DCT hash).
 * Copies in another size, quality or format differ in few bits.
 * @returns 16 hex digits. @throws CovisError `INPUT_CORRUPT` naming the file.
 */
export async function lookOf(file: string | Uint8Array): Promise<string> {
  let data: Uint8Array;
  try {
    data = await (
      await photoImage(file)
    )
      .flatten({ background: '#ffffff' })
      .resize(SIDE, SIDE, { fit: 'fill' })
      .greyscale()
      .raw()
      .toBuffer();
  } catch (cause) {
    throw undecodable(file, cause);
  }
  const channels = data.length / (SIDE * SIDE);
  const rows = new Float64Array(SIDE * KEPT);
  for (let y = 0; y < SIDE; y += 1)
    for (let u = 0; u < KEPT; u += 1)
      for (let x = 0; x < SIDE; x += 1)
        rows[y * KEPT + u]! += data[(y * SIDE + x) * channels]! * COSINES[u * SIDE + x]!;
  const out = new Float64Array(KEPT * KEPT);
  for (let v = 0; v < KEPT; v += 1)
    for (let u = 0; u < KEPT; u += 1)
      for (let y = 0; y < SIDE; y += 1) out[v * KEPT + u]! += rows[y * KEPT + u]! * COSINES[v * SIDE + y]!;
  // The mean brightness says nothing of what is seen.
  const sorted = out.slice(1).sort();
  const median = sorted[sorted.length >> 1]!;
  let bits = 0n;
  out.forEach((x, i) => (bits = (bits << 1n) | (i > 0 && x > median ? 1n : 0n)));
  return bits.toString(16).padStart(16, '0');
}

/** Halves of a hash as 32-bit numbers. */
export function lookWords(look: string): [number, number] {
  return [Number.parseInt(look.slice(0, 8), 16), Number.parseInt(look.slice(8), 16)];
}

/** Bits set. */
export function bitsOf(x: number): number {
  let v = x - ((x >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return (((v + (v >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/**
 * Groups of photos whose hashes differ in at most `most` bits from another of the group; groups of one are left out.
 * @param looks 16 hex digits each. @returns indices, each group and the groups ascending.
 */
export function groupLooks(looks: readonly string[], most: number): number[][] {
  const words = looks.map(lookWords);
  const alike = new DisjointSets();
  // Two hashes that differ in at most n bits agree in one of n + 1 parts: only photos of one bucket are compared.
  const parts = most + 1;
  const width = Math.ceil(64 / parts);
  for (let part = 0; part * width < 64; part += 1) {
    const buckets = new Map<bigint, number[]>();
    looks.forEach((look, i) => {
      const key = (BigInt(`0x${look}`) >> BigInt(part * width)) & ((1n << BigInt(width)) - 1n);
      const list = buckets.get(key);
      if (list === undefined) buckets.set(key, [i]);
      else list.push(i);
    });
    for (const list of buckets.values())
      for (let x = 0; x < list.length; x += 1)
        for (let y = x + 1; y < list.length; y += 1) {
          const [a, b] = [words[list[x]!]!, words[list[y]!]!];
          if (bitsOf(a[0] ^ b[0]) + bitsOf(a[1] ^ b[1]) <= most) alike.join(list[x]!, list[y]!);
        }
  }
  return groupsOf(
    alike,
    looks.map((_, i) => i),
  ).filter((g) => g.length > 1);
}
