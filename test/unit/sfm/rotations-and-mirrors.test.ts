import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { isRotation, quaternionOf } from '../../../src/main/engine/sfm/model.ts';

const ORDERS = [
  [0, 1, 2],
  [1, 2, 0],
  [2, 0, 1],
  [0, 2, 1],
  [2, 1, 0],
  [1, 0, 2],
] as const;
/** The 48 ways to put the axes onto axes, and whether each keeps hands as they are: even orders with an even number of signs turned. */
const AXES = ORDERS.flatMap((order, o) =>
  Array.from({ length: 8 }, (_, bits) => {
    const matrix = new Array<number>(9).fill(0);
    let turned = 0;
    order.forEach((column, row) => {
      const negative = ((bits >> row) & 1) === 1;
      if (negative) turned += 1;
      matrix[3 * row + column] = negative ? -1 : 1;
    });
    return { matrix, proper: o < 3 === (turned % 2 === 0) };
  }),
);
const turn = (q: readonly number[]): number[] => {
  const [w, x, y, z] = q as [number, number, number, number];
  return [
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
  ];
};

describe('a rotation', () => {
  it('is every way to turn the axes onto axes, and no mirror', () => {
    expect(AXES.filter((a) => a.proper)).toHaveLength(24);
    for (const { matrix, proper } of AXES) {
      expect([matrix, isRotation(matrix)]).toEqual([matrix, proper]);
      if (proper) turn(quaternionOf(matrix)).forEach((v, i) => expect(v).toBeCloseTo(matrix[i]!, 12));
    }
  });

  it('is any turn, with what printing takes, and not with a row out of place', () => {
    const r = random(5);
    for (let k = 0; k < 50; k += 1) {
      const q = Array.from({ length: 4 }, () => r.between(-1, 1));
      const length = Math.hypot(...q);
      const matrix = turn(q.map((v) => v / length));
      expect(isRotation(matrix)).toBe(true);
      expect(isRotation(matrix.map((v) => Math.round(100 * v) / 100))).toBe(true);
      for (let row = 0; row < 3; row += 1) {
        const changed = (by: (v: number) => number): number[] =>
          matrix.map((v, i) => (Math.floor(i / 3) === row ? by(v) : v));
        expect(isRotation(changed((v) => -v))).toBe(false);
        expect(isRotation(changed((v) => 1.03 * v))).toBe(false);
        expect(isRotation(changed((v) => 1.02 * v))).toBe(true);
        expect(isRotation(changed((v) => 0.97 * v))).toBe(false);
        expect(isRotation(changed(() => NaN))).toBe(false);
        // One row leant onto another, by a cosine of 0.06 and of 0.04.
        const leant = (by: number): number[] => {
          const out = [...matrix];
          for (let c = 0; c < 3; c += 1) out[3 * row + c]! += by * matrix[3 * ((row + 1) % 3) + c]!;
          return out;
        };
        expect([isRotation(leant(0.06)), isRotation(leant(-0.06)), isRotation(leant(0.04))]).toEqual([
          false,
          false,
          true,
        ]);
      }
    }
  });
});
