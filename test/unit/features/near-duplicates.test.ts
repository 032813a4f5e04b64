import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { groupLooks, lookOf } from '../../../src/main/engine/library/looks.ts';
import { random } from '../../../src/main/engine/library/random.ts';

const COUNT = 220;

/** Hashes of which many lie at every distance from another, their bits spread or side by side. */
function hashes(seed: number): string[] {
  const r = random(seed);
  const word = (): bigint => BigInt(r.below(2 ** 31)) | (BigInt(r.below(2 ** 31)) << 31n) | (BigInt(r.below(4)) << 62n);
  const out = Array.from({ length: 12 }, word);
  while (out.length < COUNT) {
    let v = out[r.below(out.length)]!;
    const bits = r.below(20);
    const from = r.below(64);
    for (let k = 0; k < bits; k += 1) v ^= 1n << BigInt(out.length % 2 === 0 ? (from + k) % 64 : r.below(64));
    out.push(v);
  }
  return out.map((v) => v.toString(16).padStart(16, '0'));
}

/** Groups by comparing every pair, digit by digit. */
function everyPair(looks: readonly string[], most: number): number[][] {
  const digits = looks.map((l) => Array.from(BigInt(`0x${l}`).toString(2).padStart(64, '0')));
  const near = digits.map((a) => digits.map((b) => a.filter((x, k) => x !== b[k]).length <= most));
  const seen = new Set<number>();
  const groups: number[][] = [];
  for (let i = 0; i < looks.length; i += 1) {
    if (seen.has(i)) continue;
    const group = [i];
    seen.add(i);
    for (const a of group)
      for (let b = 0; b < looks.length; b += 1)
        if (near[a]![b]! && !seen.has(b)) {
          seen.add(b);
          group.push(b);
        }
    if (group.length > 1) groups.push(group.sort((x, y) => x - y));
  }
  return groups;
}

const flat = (colour: string, width = 80, height = 60): Sharp =>
  sharp({ create: { width, height, channels: 3, background: colour } });

describe('near duplicates', () => {
  const looks = hashes(5);
  it.each(Array.from({ length: 17 }, (_, bits) => bits))(
    'in at most %i bits are all that comparing every pair finds',
    (bits) => {
      expect(groupLooks(looks, bits)).toEqual(everyPair(looks, bits));
    },
  );

  it.each([21, 31, 32, 62, 63, 64, 70])('also in more bits than anybody asks for: %i', (bits) => {
    const few = looks.slice(0, 60);
    expect(groupLooks(few, bits)).toEqual(everyPair(few, bits));
  });

  it('differ in as many bits as there are parts, one in each, and are found', () => {
    for (let bits = 1; bits <= 16; bits += 1) {
      // One bit differs in all parts but one, whichever of the bits + 1 that is.
      for (let spared = 0; spared <= bits; spared += 1) {
        let v = 0n;
        for (let part = 0; part <= bits; part += 1)
          if (part !== spared) v |= 1n << BigInt(Math.floor((part * 64) / (bits + 1)));
        expect(groupLooks(['0'.repeat(16), v.toString(16).padStart(16, '0')], bits)).toEqual([[0, 1]]);
        expect(groupLooks(['0'.repeat(16), v.toString(16).padStart(16, '0')], bits - 1)).toEqual([]);
      }
    }
  });

  it('of none and one are none', () => {
    expect(groupLooks([], 6)).toEqual([]);
    expect(groupLooks(['0123456789abcdef'], 16)).toEqual([]);
  });
});

describe('photos of one tone', () => {
  it('are alike where their colour is, in any size and format, and like no other photo', async () => {
    const picture = sharp(
      Buffer.from(
        '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="60"><rect width="100%" height="100%" fill="#c03020"/><circle cx="30" cy="20" r="15" fill="#fff"/></svg>',
      ),
    );
    const all = await Promise.all(
      [
        flat('#c03020').png(),
        flat('#2030c0').png(),
        flat('#c03020', 31, 200).jpeg({ quality: 60 }),
        flat('#000000').png(),
        flat('#ffffff').png(),
        flat('#2030c0', 1, 1).png(),
        // The grey value of the first, another colour.
        flat('#246024').png(),
        picture.png(),
        flat('#808080').greyscale().png(),
        flat('#7f8080').webp({ quality: 90 }),
      ].map(async (image) => lookOf(await image.toBuffer())),
    );
    for (const bits of [0, 6, 16])
      expect(groupLooks(all, bits)).toEqual([
        [0, 2],
        [1, 5],
        [8, 9],
      ]);
    expect(all[3]).toBe('0000000000000000000000');
    expect(all[4]).toBe('0000000000000000ffffff');
    expect(all[7]).toMatch(/^[0-9a-f]{16}$/);
  });
});
