import { describe, expect, it } from 'vitest';
import { scenesOf } from '../../../src/main/engine/clustering/scenes.ts';
import type { StoredMatch } from '../../../src/main/engine/clustering/matches.ts';

const SURE = 50;
const link = (a: number, b: number, inliers: number): StoredMatch => ({ a, b, inliers }) as StoredMatch;

describe('scenes of verified pairs', () => {
  it('need no witness for a link of as many matches as are sure, and one for a link of one fewer', () => {
    expect(scenesOf([link(1, 2, SURE), link(2, 3, SURE)], SURE)).toEqual([[1, 2, 3]]);
    expect(scenesOf([link(1, 2, SURE), link(2, 3, SURE - 1)], SURE)).toEqual([]);
  });

  it('take a weak link that a third photo witnesses', () => {
    expect(scenesOf([link(1, 2, 10), link(2, 3, 10), link(1, 3, 10)], SURE)).toEqual([[1, 2, 3]]);
  });

  it('keep two places apart that a lone weak link joins', () => {
    const places = [
      [7, 8, 9],
      [1, 2, 3, 4],
    ].flatMap((p) => p.flatMap((a, i) => p.slice(i + 1).map((b) => link(b, a, 20))));
    expect(scenesOf([...places, link(3, 8, SURE - 1)], SURE)).toEqual([
      [1, 2, 3, 4],
      [7, 8, 9],
    ]);
    expect(scenesOf([...places, link(3, 8, SURE)], SURE)).toEqual([[1, 2, 3, 4, 7, 8, 9]]);
  });

  it('have at least three photos; equal ones come by their first photo', () => {
    const triangle = (a: number): StoredMatch[] => [link(a, a + 1, 9), link(a + 1, a + 2, 9), link(a, a + 2, 9)];
    expect(scenesOf([link(90, 91, SURE), ...triangle(20), ...triangle(4)], SURE)).toEqual([
      [4, 5, 6],
      [20, 21, 22],
    ]);
  });
});
