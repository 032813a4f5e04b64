import { describe, expect, it } from 'vitest';
import { tellApart, type Apart, type RegionPair } from '../../../src/main/engine/clustering/objects.ts';
import type { Region, Sides } from '../../../src/main/engine/clustering/regions.ts';

const SURE = 45;
const sides = (): Sides => [1200, 1200];
/** Cells of a part of a photo: rows and columns from to, of twelve. */
const part = (top: number, left: number, bottom: number, right: number): Region => {
  const cells: number[] = [];
  for (let y = top; y < bottom; y += 1) for (let x = left; x < right; x += 1) cells.push(12 * y + x);
  return { cells: Uint8Array.from(cells), mass: Uint16Array.from(cells, () => 2) };
};
const MIDDLE = part(3, 3, 9, 9);
const TABLE = part(10, 0, 12, 12);
const EDGE = part(3, 0, 9, 2);

/** Every two of these photos match, each in its part. */
const clique = (photos: readonly (readonly [number, Region])[], inliers = 60): RegionPair[] =>
  photos.flatMap(([b, rb], i) =>
    photos.slice(0, i).map(([a, ra]): RegionPair => ({ a, b, inliers, regions: [ra, rb] })),
  );
const whole = (...photos: number[]): RegionPair[] => clique(photos.map((p) => [p, MIDDLE] as const));
/** Judgements by pair of photos. */
function judged(pairs: readonly RegionPair[]): (a: number, b: number) => Apart | null | undefined {
  const of = new Map(tellApart(pairs, sides, SURE).map((j, k) => [`${pairs[k]!.a} ${pairs[k]!.b}`, j]));
  return (a, b) => of.get(`${a} ${b}`);
}

describe('verified pairs', () => {
  it('join photos of one place, however many they are', () => {
    expect(new Set(tellApart(whole(...Array.from({ length: 30 }, (_, i) => i)), sides, SURE))).toEqual(new Set([null]));
  });

  it('join a walk, in which every photo shares its sides with others', () => {
    const [left, right] = [part(0, 0, 12, 7), part(0, 5, 12, 12)];
    const walk = Array.from({ length: 8 }, (_, i): RegionPair => ({
      a: i,
      b: i + 1,
      inliers: 80,
      regions: [right, left],
    }));
    expect(new Set(tellApart(walk, sides, SURE))).toEqual(new Set([null]));
  });

  it('of few matches join only where a third photo matches both', () => {
    const weak = (a: number, b: number): RegionPair => ({ a, b, inliers: SURE - 1, regions: [MIDDLE, MIDDLE] });
    expect(tellApart([weak(1, 2)], sides, SURE)).toEqual(['lone']);
    expect(tellApart([weak(1, 2), weak(2, 3), weak(1, 3)], sides, SURE)).toEqual([null, null, null]);
    expect(tellApart([{ ...weak(1, 2), inliers: SURE }], sides, SURE)).toEqual([null]);
  });

  it('of a table that many photos lie on join nothing', () => {
    const things = [0, 10, 20, 30].map((i) => whole(i, i + 1, i + 2));
    const table = clique(
      [0, 10, 20, 30].map((p) => [p, TABLE] as const),
      200,
    );
    const of = judged([...things.flat(), ...table]);
    expect(of(0, 10)).toBe('common');
    expect(of(20, 30)).toBe('common');
    expect(of(0, 1)).toBeNull();
    expect(of(31, 32)).toBeNull();
  });

  it('of a table join nothing either where a photo shows nothing but the table', () => {
    const things = [0, 10, 20, 30].map((i) => whole(i, i + 1, i + 2));
    const table = clique(
      [0, 10, 20, 30, 40].map((p) => [p, TABLE] as const),
      200,
    );
    expect(judged([...things.flat(), ...table])(0, 40)).toBe('common');
  });

  it('of a neighbour at the edge of a photo do not join two things', () => {
    const beside = [10, 11, 12].map((b): RegionPair => ({ a: 0, b, inliers: 90, regions: [EDGE, MIDDLE] }));
    const of = judged([...whole(0, 1, 2), ...whole(10, 11, 12), ...beside]);
    expect(of(0, 10)).toBe('elsewhere');
    expect(of(0, 1)).toBeNull();
    expect(of(10, 11)).toBeNull();
  });

  it('of a photo that shows two things alike join it to neither', () => {
    const [left, right] = [part(2, 0, 10, 5), part(2, 7, 10, 12)];
    const one = [1, 2, 3].map((b): RegionPair => ({ a: 0, b, inliers: 90, regions: [left, MIDDLE] }));
    const other = [10, 11, 12].map((b): RegionPair => ({ a: 0, b, inliers: 90, regions: [right, MIDDLE] }));
    const of = judged([...one, ...whole(1, 2, 3), ...other, ...whole(10, 11, 12)]);
    expect(of(0, 1)).toBe('either');
    expect(of(0, 10)).toBe('either');
    expect(of(1, 2)).toBeNull();
    expect(of(10, 11)).toBeNull();
  });

  it('of two sides of one thing that several photos show together join all of them', () => {
    const [top, bottom] = [part(0, 0, 6, 12), part(7, 0, 12, 12)];
    const pairs = [
      ...clique([
        [0, top],
        [1, top],
        [2, MIDDLE],
      ]),
      ...clique([
        [0, bottom],
        [1, bottom],
        [3, MIDDLE],
      ]).slice(1),
    ];
    expect(new Set(tellApart(pairs, sides, SURE))).toEqual(new Set([null]));
  });

  it('of a photo and one that matches nothing else join it, though elsewhere in the photo', () => {
    expect(judged([...whole(0, 1, 2), { a: 0, b: 9, inliers: 60, regions: [EDGE, MIDDLE] }])(0, 9)).toBeNull();
    const both = judged([...whole(0, 1, 2), ...whole(9, 10, 11), { a: 0, b: 9, inliers: 60, regions: [EDGE, EDGE] }]);
    expect(both(0, 9)).toBe('elsewhere');
  });

  it('are judged alike in whatever order they come', () => {
    const pairs = [
      ...[0, 10, 20, 30].flatMap((i) => whole(i, i + 1, i + 2)),
      ...clique(
        [0, 10, 20, 30].map((p) => [p, TABLE] as const),
        200,
      ),
    ];
    const forth = tellApart(pairs, sides, SURE);
    expect(tellApart(pairs.toReversed(), sides, SURE).toReversed()).toEqual(forth);
  });

  it('of nothing are nothing', () => expect(tellApart([], sides, SURE)).toEqual([]));
});
