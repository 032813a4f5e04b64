import { describe, expect, it } from 'vitest';
import { sift } from '../../../src/main/engine/features/sift.ts';
import { floats, literalSift, scenery } from '../../support/literal-sift.ts';

const P = { most: 4000, peak: 0.0005, edge: 200 };

/** Few blobs, and keypoints so faint that many are refined away from where they were found, some out of the image. */
function agrees(width: number, height: number, seed: number): number {
  const scene = scenery(width, height, 14, seed);
  const expected = literalSift(scene, P);
  const got = sift(floats(scene), width, height, P);
  expect(got.count).toBe(expected.length);
  const left = new Set(Array.from({ length: got.count }, (_, k) => k));
  for (const { frame } of expected) {
    const k = [...left].find((i) => frame.every((v, d) => Math.abs(got.frames[4 * i + d]! - v) < 0.02 * (1 + v)));
    expect(k, `a keypoint at ${frame.join(' ')}`).toBeDefined();
    left.delete(k!);
  }
  return got.count;
}

describe('a keypoint that moves as it is refined', () => {
  it.each([
    [
      'the first level that has one on both sides',
      [
        [23, 22, 19],
        [21, 19, 31],
        [24, 21, 13],
        [18, 22, 14],
      ],
    ],
    [
      'the last such level',
      [
        [20, 20, 2],
        [24, 21, 48],
        [23, 20, 82],
        [19, 19, 281],
      ],
    ],
    [
      'the second column',
      [
        [24, 21, 48],
        [21, 19, 591],
        [19, 19, 106],
        [24, 18, 230],
      ],
    ],
    [
      'the last column but one',
      [
        [21, 21, 913],
        [19, 19, 946],
        [22, 20, 452],
        [21, 18, 955],
      ],
    ],
    [
      'the second row',
      [
        [24, 19, 426],
        [24, 19, 1581],
        [18, 22, 539],
        [23, 21, 838],
      ],
    ],
    [
      'the last row but one',
      [
        [23, 19, 236],
        [21, 20, 577],
        [22, 19, 151],
        [19, 21, 323],
      ],
    ],
  ] as const)('is kept up to %s and dropped beyond', (_, scenes) => {
    let count = 0;
    for (const [width, height, seed] of scenes) count += agrees(width, height, seed);
    expect(count).toBeGreaterThan(4);
  });

  it.each([
    [
      'in the second column',
      [
        [24, 19, 5116],
        [19, 22, 5174],
        [23, 21, 5248],
      ],
    ],
    [
      'in the last column but one',
      [
        [22, 21, 5023],
        [24, 20, 5172],
        [20, 18, 5210],
      ],
    ],
    [
      'in the second row',
      [
        [23, 18, 5150],
        [19, 19, 5356],
        [20, 20, 5357],
      ],
    ],
    [
      'in the last row but one',
      [
        [23, 22, 5024],
        [22, 22, 5044],
        [24, 21, 5088],
      ],
    ],
    [
      'beside what is two pixels away and stronger',
      [
        [22, 19, 5226],
        [24, 22, 5284],
      ],
    ],
    [
      'after five moves, and not after six',
      [
        [19, 22, 6049],
        [24, 20, 6082],
        [20, 22, 6274],
      ],
    ],
  ] as const)('is found %s', (_, scenes) => {
    let count = 0;
    for (const [width, height, seed] of scenes) count += agrees(width, height, seed);
    expect(count).toBeGreaterThan(2);
  });
});
