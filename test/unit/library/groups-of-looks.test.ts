import { describe, expect, it } from 'vitest';
import { groupLooks } from '../../../src/main/engine/library/looks.ts';
import { random } from '../../../src/main/engine/library/random.ts';

/** Bits in which two hashes differ, by their digits. */
const differ = (a: string, b: string): number =>
  (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2).replaceAll('0', '').length;

/** Groups by comparing each with each. */
function literal(looks: readonly string[], most: number): number[][] {
  const group = looks.map((_, i) => i);
  for (let pass = 0; pass < looks.length; pass += 1) {
    let changed = false;
    looks.forEach((a, i) =>
      looks.forEach((b, j) => {
        if (differ(a, b) > most || group[i] === group[j]) return;
        group[i] = group[j] = Math.min(group[i]!, group[j]!);
        changed = true;
      }),
    );
    if (!changed) break;
  }
  return looks.map((_, i) => looks.flatMap((__, j) => (group[j] === i ? [j] : []))).filter((g) => g.length > 1);
}

describe('groups of photos that look alike', () => {
  it.each([0, 1, 3, 4, 6, 7, 8, 12, 16])('are those of comparing each with each, at %i bits', (most) => {
    const r = random(most + 1);
    const base = Array.from({ length: 20 }, () => Array.from({ length: 16 }, () => r.below(16).toString(16)).join(''));
    const looks = Array.from({ length: 120 }, (_, i) => {
      let bits = BigInt(`0x${base[i % base.length]!}`);
      for (let k = r.below(most + 4); k > 0; k -= 1) bits ^= 1n << BigInt(r.below(64));
      return bits.toString(16).padStart(16, '0');
    });
    const groups = groupLooks(looks, most);
    expect(groups).toEqual(literal(looks, most));
    expect(groups.length).toBeGreaterThan(0);
  });
});
