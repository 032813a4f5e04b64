import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { nearTogether } from '../../../src/main/engine/retrieval/row-blocks.ts';

describe('rows in blocks', () => {
  it('are all there once, those of a group together', () => {
    const r = random(3);
    const [groups, each, dim, size] = [16, 32, 6, 32];
    const centres = Array.from({ length: groups * dim }, () => r.between(-9, 9));
    // Neighbours in the file are of different groups.
    const data = Float32Array.from(
      { length: groups * each * dim },
      (_, at) => centres[(Math.floor(at / dim) % groups) * dim + (at % dim)]! + 0.01 * r.between(-1, 1),
    );
    const order = nearTogether({ data, rows: groups * each, dim }, size);
    expect([...order].sort((a, b) => a - b)).toEqual([...Array(groups * each).keys()]);
    let together = 0;
    for (let at = 0; at < order.length; at += size)
      together += Number(new Set([...order.subarray(at, at + size)].map((id) => id % groups)).size === 1);
    expect(together).toBe(groups);
    expect(nearTogether({ data, rows: groups * each, dim }, size)).toEqual(order);
  });

  it('of equal rows and of none, in numbers that fill no block, lose none', () => {
    for (const rows of [0, 1, 31, 32, 33, 95, 129]) {
      const order = nearTogether({ data: new Float32Array(rows * 2).fill(0.5), rows, dim: 2 }, 32);
      expect([...order]).toEqual([...Array(rows).keys()]);
    }
    const strange = {
      data: Float32Array.from({ length: 200 }, (_, i) => [1, NaN, Infinity, -2][i % 4]!),
      rows: 100,
      dim: 2,
    };
    expect([...nearTogether(strange, 8)].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
  });
});
