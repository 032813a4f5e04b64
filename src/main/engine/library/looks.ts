import { DisjointSets, groupsOf } from './disjoint-sets.ts';
import { photoImage, undecodable } from './pixels.ts';

const SIDE = 32;
const KEPT = 8;
/** Cosines of the two-dimensional transform, [kept, side]. */
const COSINES = Float64Array.from({ length: KEPT * SIDE }, (_, i) =>
  Math.cos((Math.PI * Math.floor(i / SIDE) * (2 * (i % SIDE) + 1)) / (2 * SIDE)),
);

/** Deviation of the grey values below which a photo is of one tone, so that its frequencies are noise. */
const FLAT = 1;
/** Steps of 256 in which the mean colours of two such photos may differ, as those of copies in another format do. */
const SAME_COLOUR = 3;
const BITS = 64;

/** Pixels of a photo, upright on white, of SIDE x SIDE. @throws CovisError `INPUT_CORRUPT` naming the file. */
async function small(file: string | Uint8Array, colour: boolean): Promise<Uint8Array> {
  try {
    const image = (await photoImage(file)).flatten({ background: '#ffffff' }).resize(SIDE, SIDE, { fit: 'fill' });
    return await (colour ? image.toColourspace('srgb') : image.greyscale()).raw().toBuffer();
  } catch (cause) {
    throw undecodable(file, cause);
  }
}

/** Standard deviation. */
function deviation(values: Uint8Array): number {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
}

/** Mean colour, six hex digits. */
function meanColour(pixels: Uint8Array): string {
  const channels = pixels.length / (SIDE * SIDE);
  return [0, 1, 2]
    .map((c) => {
      let sum = 0;
      for (let i = Math.min(c, channels - 1); i < pixels.length; i += channels) sum += pixels[i]!;
      return Math.round(sum / (SIDE * SIDE))
        .toString(16)
        .padStart(2, '0');
    })
    .join('');
}

/**
 * Perceptual hash: which of the 64 lowest frequencies of the photo, 32 x 32 grey values, are above their median (DCT hash).
 * Copies in another size, quality or format differ in few bits.
 * @returns 16 hex digits; of a photo of one tone zeros and the six of its mean colour.
 * @throws CovisError `INPUT_CORRUPT` naming the file.
 */
export async function lookOf(file: string | Uint8Array): Promise<string> {
  const data = await small(file, false);
  const channels = data.length / (SIDE * SIDE);
  if (deviation(data) < FLAT) return '0'.repeat(BITS / 4) + meanColour(await small(file, true));
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
  return [Number.parseInt(look.slice(0, 8), 16), Number.parseInt(look.slice(8, 16), 16)];
}

const PARTS = 4;
const PART_BITS = BITS / PARTS;
const KEYS = 1 << PART_BITS;

/** Numbers of a part's bits of which at most so many are set, those with fewest first. */
function masksOf(most: number): number[] {
  const all = Array.from({ length: KEYS }, (_, i) => i).filter((i) => bitsOf(i) <= most);
  return all.sort((a, b) => bitsOf(a) - bitsOf(b));
}

/** Members by their key: those of key k are items from starts[k] up to, not including, starts[k + 1]. */
function bucketsOf(
  members: readonly number[],
  keyOf: (i: number) => number,
): { starts: Uint32Array; items: Uint32Array } {
  const starts = new Uint32Array(KEYS + 1);
  for (const i of members) starts[keyOf(i) + 1]! += 1;
  for (let k = 0; k < KEYS; k += 1) starts[k + 1]! += starts[k]!;
  const next = starts.slice();
  const items = new Uint32Array(members.length);
  for (const i of members) items[next[keyOf(i)]!++] = i;
  return { starts, items };
}

/** Bits set. */
export function bitsOf(x: number): number {
  let v = x - ((x >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return (((v + (v >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** The mean colour behind the hash of a photo of one tone; undefined for others. */
function colourOf(look: string): number[] | undefined {
  if (look.length === BITS / 4) return undefined;
  return [0, 2, 4].map((at) => Number.parseInt(look.slice(BITS / 4 + at, BITS / 4 + at + 2), 16));
}

/**
 * Groups of photos whose hashes differ in at most `most` bits from another of the group; groups of one are left out. Photos of one tone
 * are alike where their mean colours are, and like no others.
 * @param looks as {@link lookOf} gives them. @returns indices, each group and the groups ascending.
 */
export function groupLooks(looks: readonly string[], most: number): number[][] {
  const words = looks.map(lookWords);
  const [highs, lows] = [Uint32Array.from(words, (w) => w[0]), Uint32Array.from(words, (w) => w[1])];
  const sets = new DisjointSets();
  const joined = new Set<number>();
  const alike = {
    join: (i: number, j: number): void => {
      sets.join(i, j);
      joined.add(i).add(j);
    },
  };
  const others: number[] = [];
  const tones = new Map<string, { readonly first: number; readonly colour: readonly number[] }>();
  looks.forEach((look, i) => {
    const colour = colourOf(look);
    const tone = tones.get(look);
    if (colour === undefined) others.push(i);
    else if (tone === undefined) tones.set(look, { first: i, colour });
    else alike.join(tone.first, i);
  });
  const all = [...tones.values()];
  all.forEach((a, x) => {
    for (let y = x + 1; y < all.length; y += 1) {
      const b = all[y]!;
      if (a.colour.every((v, c) => Math.abs(v - b.colour[c]!) <= SAME_COLOUR)) alike.join(a.first, b.first);
    }
  });
  // Two hashes that differ in at most n bits differ in at most a quarter of those in one of four parts: only such are compared.
  const masks = masksOf(Math.floor(most / PARTS));
  for (let part = 0; part < PARTS; part += 1) {
    const [half, shift] = [part < 2 ? highs : lows, part % 2 === 0 ? PART_BITS : 0];
    const keyOf = (i: number): number => (half[i]! >>> shift) & (KEYS - 1);
    const { starts, items } = bucketsOf(others, keyOf);
    for (const i of others) {
      const [high, low, key] = [highs[i]!, lows[i]!, keyOf(i)];
      for (const mask of masks) {
        const near = key ^ mask;
        for (let at = starts[near]!; at < starts[near + 1]!; at += 1) {
          const j = items[at]!;
          if (j > i && bitsOf(high ^ highs[j]!) + bitsOf(low ^ lows[j]!) <= most) alike.join(i, j);
        }
      }
    }
  }
  return groupsOf(
    sets,
    [...joined].sort((a, b) => a - b),
  );
}
