import { describe, expect, it } from 'vitest';
import {
  negativeSuspicion,
  percentile,
  positiveSuspicion,
  tupleSuspicion,
} from '../../../src/main/engine/mining/suspicion.ts';

const half = (): number => 0.5;

describe('the place of a value among others', () => {
  it('is the share of them that lie below it', () => {
    const place = percentile([0.4, 0.1, 0.2, 0.2]);
    expect([0, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5].map(place)).toEqual([0, 0, 0.25, 0.25, 0.75, 0.75, 1]);
    expect(percentile([])(3)).toBe(0);
  });
});

describe('suspicion of a negative', () => {
  it('is whole where it shares a 3D point with the query', () => {
    expect(negativeSuspicion({ similarity: 0, links: 0, shared: 1 }, () => 0)).toBe(1);
  });

  it("is whole where photos of its place and of the query's match", () => {
    expect(negativeSuspicion({ similarity: 0, links: 0, shared: 0, maybeSame: true }, () => 0)).toBe(1);
    expect(negativeSuspicion({ similarity: 0, links: 0, shared: 0, maybeSame: false }, () => 0)).toBe(0);
  });

  it('is three quarters of its squared place among the negatives and a quarter of its links', () => {
    expect(negativeSuspicion({ similarity: 0.9, links: 0.4, shared: 0 }, half)).toBeCloseTo(
      0.75 * 0.25 + 0.25 * 0.4,
      12,
    );
    expect(negativeSuspicion({ similarity: 0.9, links: null, shared: 0 }, half)).toBeCloseTo(0.1875, 12);
    expect(negativeSuspicion({ similarity: 0.9, links: 3, shared: 0 }, half)).toBeCloseTo(0.4375, 12);
    expect(negativeSuspicion({ similarity: 0.9, links: 0, shared: 0 }, (s) => s)).toBeCloseTo(0.75 * 0.81, 12);
  });
});

describe('suspicion of a positive', () => {
  it('is whole where the 3D models contradict it', () => {
    expect(positiveSuspicion({ similarity: 1, overlap: 1, contradicted: true })).toBe(1);
  });

  it('is half of its unlikeness where geometry does not know the pair', () => {
    expect(positiveSuspicion({ similarity: 0.6, overlap: null, contradicted: false })).toBeCloseTo(0.2, 12);
    expect(positiveSuspicion({ similarity: -1, overlap: null, contradicted: false })).toBe(0.5);
    expect(positiveSuspicion({ similarity: 1.0001, overlap: null, contradicted: false })).toBe(0);
  });

  it('falls with the overlap down to nothing at 0.4, and has a fifth of the unlikeness', () => {
    const of = (overlap: number, similarity: number): number =>
      positiveSuspicion({ similarity, overlap, contradicted: false });
    expect(of(0, 1)).toBeCloseTo(0.3, 12);
    expect(of(0.2, 1)).toBeCloseTo(0.15, 12);
    expect(of(0.4, 1)).toBeCloseTo(0, 12);
    expect(of(0.9, 1)).toBe(0);
    expect(of(0.9, 0)).toBeCloseTo(0.2, 12);
    expect(of(0.2, 0.5)).toBeCloseTo(0.25, 12);
  });
});

describe('suspicion of a tuple', () => {
  const sound = { similarity: 1, overlap: 1, contradicted: false };
  it('is that of its worst negative where the positive is sound', () => {
    const negatives = [0.2, 0.8, 0.4].map((similarity) => ({ similarity, links: 0, shared: 0 }));
    expect(tupleSuspicion(sound, negatives, (s) => s)).toBeCloseTo(0.75 * 0.64, 12);
    expect(tupleSuspicion(sound, [], (s) => s)).toBe(0);
  });

  it('joins the doubts of both sides as if they were independent', () => {
    const positive = { similarity: 0.6, overlap: null, contradicted: false };
    const negative = { similarity: 0, links: 1, shared: 0 };
    expect(tupleSuspicion(positive, [negative], () => 0)).toBeCloseTo(1 - 0.75 * 0.8, 12);
  });
});
