import { describe, expect, it } from 'vitest';
import { bestShotScore, BEST_SHOT, scoreParts } from '../../../src/main/engine/collections/best-shot.ts';
import {
  proposeFolds,
  sameView,
  turnOf,
  type FoldPair,
  type FoldPhoto,
} from '../../../src/main/engine/collections/folds.ts';
import type { Fold } from '../../../src/main/engine/library/fold-log.ts';

const pair = (p: Partial<FoldPair>): FoldPair => ({
  ...{ a: 1, b: 2, shared: 700, seenA: 1000, seenB: 900, scale: 1.05, turn: 3, takenA: 100, takenB: 110 },
  ...p,
});
const look = (bits: number): string => ((1n << BigInt(bits)) - 1n).toString(16).padStart(16, '0');

describe('the same view', () => {
  it('shares points with little change of scale, within seconds', () => {
    expect(sameView(pair({}))).toBe(true);
    expect(sameView(pair({ shared: 599 }))).toBe(false);
    expect(sameView(pair({ seenB: 1200 }))).toBe(false);
    expect(sameView(pair({ turn: 5.1 }))).toBe(false);
    expect(sameView(pair({ turn: null }))).toBe(false);
    expect(sameView(pair({ shared: 600 }))).toBe(true);
    expect(sameView(pair({ scale: 1.16 }))).toBe(false);
    expect(sameView(pair({ scale: 1 / 1.16 }))).toBe(false);
    expect(sameView(pair({ takenB: 131 }))).toBe(false);
    expect(sameView(pair({ takenB: 70 }))).toBe(true);
  });
  it('of an unknown time needs more, of few points or an unknown scale is none', () => {
    expect(sameView(pair({ takenA: null, shared: 749 }))).toBe(false);
    expect(sameView(pair({ takenA: null, shared: 750 }))).toBe(true);
    expect(sameView(pair({ shared: 49, seenA: 49, seenB: 49 }))).toBe(false);
    expect(sameView(pair({ scale: null }))).toBe(false);
  });
});

it('a turn is the angle between two rotations, whichever sign their quaternions have', () => {
  const about = (degrees: number): number[] => {
    const half = (degrees * Math.PI) / 360;
    return [Math.cos(half), 0, Math.sin(half), 0];
  };
  expect(turnOf(about(10), about(34))).toBeCloseTo(24, 9);
  expect(turnOf(about(10), about(34).map((v) => -2 * v))).toBeCloseTo(24, 9); // prettier-ignore
  expect(turnOf(about(7), about(7))).toBeCloseTo(0, 5);
});

describe('the best shot', () => {
  const quality = {
    sharpness: 40,
    brightness: 0.5,
    dark: 0.05,
    bright: 0.075,
    entropy: 7,
    colourfulness: 20,
    blockiness: 0.25,
  };
  it('is a weighted mean of parts from 0 to 1', () => {
    const parts = scoreParts(12, quality);
    expect(parts.resolution).toBeCloseTo(0.75, 12);
    expect(parts.sharpness).toBeCloseTo(0.5, 12);
    expect(parts.clipping).toBeCloseTo(0.5, 12);
    expect(parts.blockiness).toBeCloseTo(0.5, 12);
    expect(bestShotScore(parts, BEST_SHOT)).toBeCloseTo(0.3 * 0.75 + 0.7 * 0.5, 12);
    expect(bestShotScore(parts, { resolution: 1, sharpness: 1, clipping: 0, blockiness: 0 })).toBeCloseTo(0.625, 12);
    expect(bestShotScore(parts, { resolution: 0, sharpness: 0, clipping: 0, blockiness: 0 })).toBe(0);
  });
  it('counts what was not measured as nothing', () => {
    const parts = scoreParts(4, undefined);
    expect(parts).toEqual({ resolution: 0.5, sharpness: null, clipping: null, blockiness: null });
    expect(bestShotScore(parts, BEST_SHOT)).toBeCloseTo(0.15, 12);
  });
});

describe('proposed folds', () => {
  const photo = (id: number, score: number, bits: number): FoldPhoto => ({ id, score, look: look(bits) });
  const folds = (photos: readonly FoldPhoto[], said: [number, Fold][] = [], pairs: FoldPair[] = []): Record<number, number> =>
    Object.fromEntries([...proposeFolds(photos, [photos.map((p) => p.id)], 6, pairs, new Map(said))].map(([id, f]) => [id, f.head])); // prettier-ignore
  const under = (head: number): Fold => ({ state: 'under', head, by: 'person' });

  it('go under the best score, of equal ones the lower photo', () => {
    expect(folds([photo(1, 0.4, 0), photo(2, 0.9, 3), photo(3, 0.5, 5)])).toEqual({ 1: 2, 3: 2 });
    expect(folds([photo(1, 0.5, 0), photo(2, 0.5, 3)])).toEqual({ 2: 1 });
  });
  it('do not go along a chain: each looks like its head itself', () => {
    // 0, 5, 10, 15 bits: neighbours alike, the ends not.
    expect(folds([photo(1, 0.9, 0), photo(2, 0.1, 5), photo(3, 0.8, 10), photo(4, 0.2, 15)])).toEqual({ 2: 1, 4: 3 });
  });
  it('are told by geometry, too, and say why', () => {
    const photos = [photo(1, 0.9, 0), photo(2, 0.5, 30), photo(3, 0.4, 4)];
    const found = proposeFolds(photos, [[1, 3]], 6, [pair({ a: 1, b: 2 })], new Map());
    expect([...found]).toEqual([
      [2, { head: 1, why: 'geometry' }],
      [3, { head: 1, why: 'looks' }],
    ]);
  });
  it('leave alone what a person unfolded, and keep what a person folded', () => {
    const photos = [photo(1, 0.9, 0), photo(2, 0.5, 1), photo(3, 0.4, 2), photo(4, 0.3, 40)];
    expect(folds(photos, [[1, { state: 'alone', head: null, by: 'person' }]])).toEqual({ 3: 2 });
    expect(folds(photos, [[4, under(3)]])).toEqual({ 1: 3, 2: 3, 4: 3 });
  });
  it('go under the head that a person chose, whatever the scores', () => {
    const photos = [photo(1, 0.9, 0), photo(2, 0.5, 1), photo(3, 0.1, 2)];
    expect(folds(photos, [[3, { state: 'head', head: null, by: 'person' }]])).toEqual({ 1: 3, 2: 3 });
    // What an earlier proposal said binds nobody.
    expect(folds(photos, [[1, { state: 'under', head: 3, by: 'proposal' }]])).toEqual({ 2: 1, 3: 1 });
  });
  it('fold nothing under a photo that is folded itself', () => {
    const photos = Array.from({ length: 40 }, (_, i) => photo(i + 1, (i * 7) % 11, (i * 3) % 30));
    const found = folds(photos);
    expect(Object.keys(found).length).toBeGreaterThan(10);
    for (const head of Object.values(found)) expect(found[head]).toBeUndefined();
  });
});
