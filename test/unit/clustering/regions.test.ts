import { describe, expect, it } from 'vitest';
import {
  averageLinkage,
  eccentricity,
  groupRegions,
  overlapOf,
  regionOf,
  type Region,
} from '../../../src/main/engine/clustering/regions.ts';
import { random } from '../../../src/main/engine/library/random.ts';

const region = (...cells: number[]): Region => ({
  cells: Uint8Array.from(cells).sort(),
  mass: Uint16Array.from(cells, () => 2),
});

describe('a region', () => {
  it('counts keypoints by cell of a twelfth of the long side, and those at one place once', () => {
    const xy = [5, 5, 5.2, 4.9, 95, 5, 105, 5, 1195, 795];
    const r = regionOf(xy, [1200, 800]);
    expect([...r.cells]).toEqual([0, 1, 7 * 12 + 11]);
    expect([...r.mass]).toEqual([2, 1, 1]);
  });

  it('keeps a keypoint on the edge, or a little outside, in the photo', () => {
    expect([...regionOf([1200, 800, -1, -1], [1200, 800]).cells]).toEqual([0, 8 * 12 + 11]);
    expect([...regionOf([600, 1200], [600, 1200]).cells]).toEqual([11 * 12 + 6]);
  });

  it('is far from the middle in the corners of the photo, whatever its shape', () => {
    expect(eccentricity(5 * 12 + 5, [1200, 1200])).toBeCloseTo(1 / 144, 10);
    expect(eccentricity(0, [1200, 1200])).toBeCloseTo((11 / 12) ** 2, 10);
    expect(eccentricity(0, [1200, 600])).toBeCloseTo((550 ** 2 + 250 ** 2) / (600 ** 2 + 300 ** 2), 10);
    // A cell that reaches over the edge of the photo is in its corner.
    expect(eccentricity(143, [1200, 600])).toBe(1);
  });
});

describe('two regions', () => {
  it('overlap wholly where one is a detail of the other, and by keypoints where they overlap in part', () => {
    expect(overlapOf(region(1, 2, 3, 4), region(2))).toBe(1);
    expect(overlapOf(region(1, 2), region(3))).toBe(0);
    expect(overlapOf(region(1, 2, 3, 4), region(4, 5))).toBe(0.5);
    const dense: Region = { cells: Uint8Array.of(1, 9), mass: Uint16Array.of(9, 1) };
    expect(overlapOf(dense, region(1, 2, 3, 4, 5))).toBe(0.9);
  });

  it('of one photo are two groups, also where a match spans both', () => {
    const left = [region(1, 2), region(2, 1), region(1, 2, 3)];
    const right = [region(7, 8), region(8), region(7, 8, 9)];
    const groups = groupRegions([...left, region(1, 2, 7, 8), ...right]);
    expect(new Set(groups.subarray(0, 3)).size).toBe(1);
    expect(new Set(groups.subarray(4)).size).toBe(1);
    expect(groups[0]).not.toBe(groups[4]);
  });

  it('beyond those that are compared join the one that they overlap most, or stand alone', () => {
    const many = Array.from({ length: 300 }, (_, i) => region(...(i % 2 === 0 ? [1, 2] : [50, 51])));
    const groups = groupRegions([...many, region(50, 51, 52), region(90)]);
    expect(groups[298]).toBe(groups[0]);
    expect(groups[299]).toBe(groups[1]);
    expect(groups[0]).not.toBe(groups[1]);
    expect(groups[300]).toBe(groups[1]);
    expect([...groups.subarray(0, 301)]).not.toContain(groups[301]);
  });

  it('of none are no groups', () => {
    expect(groupRegions([])).toEqual(new Int32Array(0));
  });
});

describe('average linkage by chains', () => {
  /** By the definition: the two groups of the highest mean similarity are joined, until that is too low. */
  function literal(s: (i: number, j: number) => number, n: number, least: number): number[][] {
    let groups = Array.from({ length: n }, (_, i) => [i]);
    for (;;) {
      let best: [number, number, number] = [-1, -1, least];
      groups.forEach((g, x) =>
        groups.slice(0, x).forEach((h, y) => {
          const mean = g.reduce((t, i) => t + h.reduce((u, j) => u + s(i, j), 0), 0) / (g.length * h.length);
          if (mean >= best[2]) best = [x, y, mean];
        }),
      );
      const [x, y] = best;
      if (x < 0) return groups.map((g) => g.sort((a, b) => a - b)).sort((a, b) => a[0]! - b[0]!);
      groups = [...groups.filter((_, k) => k !== x && k !== y), [...groups[x]!, ...groups[y]!]];
    }
  }

  it('gives the groups of the definition', () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const r = random(seed);
      const n = 2 + r.below(14);
      const s = new Float64Array(n * n);
      for (let i = 0; i < n; i += 1)
        for (let j = 0; j < i; j += 1) s[i * n + j] = s[j * n + i] = r.below(1_000_003) / 1_000_003;
      const copy = s.slice();
      const groups = averageLinkage(s, n, 0.55);
      const found = [...new Set(groups)].map((g) => [...groups.keys()].filter((i) => groups[i] === g));
      expect(found).toEqual(literal((i, j) => copy[i * n + j]!, n, 0.55));
    }
  });
});
