import { describe, expect, it } from 'vitest';
import { overPlaces, type Witness } from '../../../src/main/engine/evaluation/over-places.ts';
import {
  ask,
  drawFold,
  meanOfAnswers,
  protocolStates,
  Relevant,
  verdictsOf,
  type Geometry,
} from '../../../src/main/engine/evaluation/protocols.ts';

const none: ReadonlyMap<number, ReadonlySet<number>> = new Map();

/** Photos 10, 11, … of places by number; all of a place are relevant to each other, but for those of `loners`. */
function world(
  group: readonly number[],
  more: Partial<Pick<Geometry, 'taken' | 'unknown' | 'maybe' | 'unsure' | 'same'>> & {
    loners?: readonly number[];
  } = {},
): Geometry {
  const pairs: [number, number][] = [];
  for (let a = 0; a < group.length; a += 1)
    for (let b = a + 1; b < group.length; b += 1)
      if (group[a] === group[b] && more.loners?.includes(a) !== true && more.loners?.includes(b) !== true)
        pairs.push([a, b]);
  return {
    ids: Uint32Array.from(group, (_, i) => 10 + i),
    group: Int32Array.from(group),
    same: more.same ?? Uint32Array.from(group.keys()),
    modelled: Uint8Array.from(group, () => 1),
    unknown: more.unknown ?? new Uint8Array(group.length),
    taken: more.taken ?? new Float64Array(group.length).fill(Number.NaN),
    a: Uint32Array.from(pairs, ([a]) => a),
    b: Uint32Array.from(pairs, ([, b]) => b),
    maybe: more.maybe ?? none,
    unsure: more.unsure ?? none,
  };
}

const PLACES = [1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 5, 5];
const drawing = { protocol: 'new-photos', parts: 2, seed: 3 } as const;

describe('folds', () => {
  it('of the own collection know everything, and all that have a relevant photo ask', () => {
    const { known, asking } = drawFold(world([1, 1, 2, 2, 3], { loners: [3] }), { ...drawing, protocol: 'own' }, 0);
    expect([...known]).toEqual([1, 1, 1, 1, 1]);
    expect([...asking]).toEqual([0, 1]);
  });

  it('of new photos hold photos out of every place of three or more, leave two, and ask with none that is known', () => {
    const g = world(PLACES);
    for (let fold = 0; fold < 6; fold += 1) {
      const { known, asking } = drawFold(g, drawing, fold);
      for (const i of asking) expect(known[i]).toBe(0);
      expect(known.filter((k) => k === 0)).toHaveLength(asking.length);
      for (const place of [1, 2, 3, 5]) {
        const rows = PLACES.flatMap((p, i) => (p === place ? [i] : []));
        expect(rows.filter((i) => known[i] === 1).length).toBeGreaterThanOrEqual(2);
        expect(rows.some((i) => known[i] === 0)).toBe(true);
      }
      // Of two photos none can be held out: no pair would be left.
      expect([known[12], known[13]]).toEqual([1, 1]);
    }
  });

  it('of one round hold out every photo of large places once, and the next round draws others', () => {
    const g = world([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]);
    const round = [0, 1, 2].flatMap((f) => [...drawFold(g, { ...drawing, parts: 3 }, f).asking]);
    expect([...round].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const again = [3, 4, 5].flatMap((f) => [...drawFold(g, { ...drawing, parts: 3 }, f).asking]);
    expect(again).not.toEqual(round);
    expect(drawFold(g, drawing, 1)).toEqual(drawFold(g, drawing, 1));
  });

  it('hold out the latest first where all photos of a place have a time, and by the seed where one has none', () => {
    const taken = Float64Array.from([40, 10, 30, 20, 1, 2, Number.NaN, 4]);
    const g = world([1, 1, 1, 1, 2, 2, 2, 2], { taken });
    const timed = (seed: number, fold: number): number[] =>
      [...drawFold(g, { ...drawing, seed }, fold).asking].filter((i) => i < 4);
    for (const seed of [0, 1, 2]) {
      expect(timed(seed, 0)).toEqual([0, 2]);
      expect(timed(seed, 1)).toEqual([1, 3]);
    }
    const others = [0, 1, 2, 3, 4, 5].map((seed) => [...drawFold(g, { ...drawing, seed }, 0).asking].join());
    expect(new Set(others).size).toBeGreaterThan(1);
  });

  it('hold near duplicates out together, whatever place they are in, and count them once', () => {
    const g = world([1, 1, 1, 1, 2, 2, 2, 3], { same: Uint32Array.from([0, 0, 2, 3, 4, 4, 6, 3]) });
    for (let fold = 0; fold < 6; fold += 1) {
      const { known, asking } = drawFold(g, { ...drawing, parts: 3 }, fold);
      expect(known[0]).toBe(known[1]);
      expect(known[3]).toBe(known[7]);
      expect(asking.includes(0)).toBe(asking.includes(1));
      // Of the second place two photos differ, which is too few to hold one out.
      expect([...known.subarray(4, 7)]).toEqual([1, 1, 1]);
    }
    expect(protocolStates(g)[1]).toMatchObject({ places: 1 });
  });

  it('of new places know nothing of a held-out place, nor of what may be the same object', () => {
    const maybe = new Map([
      [1, new Set([2])],
      [2, new Set([1])],
    ]);
    const g = world(PLACES, { maybe });
    const places = { protocol: 'new-places', parts: 5, seed: 0 } as const;
    const held = [0, 1, 2, 3, 4].map((fold) => {
      const { known, asking } = drawFold(g, places, fold);
      const out = new Set(Array.from(asking, (i) => PLACES[i]!));
      expect(out.size).toBe(1);
      const [place] = out;
      PLACES.forEach((p, i) => {
        const same = p === place || (place === 1 && p === 2) || (place === 2 && p === 1);
        expect(known[i]).toBe(same ? 0 : 1);
      });
      return place;
    });
    expect(new Set(held).size).toBe(5);
  });
});

describe('answers', () => {
  const g = world([1, 1, 1, 2, 3, 4, 5], {
    loners: [2],
    unknown: Uint8Array.from([0, 0, 0, 0, 0, 0, 1]),
    maybe: new Map([
      [1, new Set([3])],
      [3, new Set([1])],
    ]),
    unsure: new Map([
      [0, new Set([5])],
      [5, new Set([0])],
    ]),
  });

  it('are right, wrong or unknown: itself, the rest of its place, what may be of it and what nobody knows are passed over', () => {
    expect([...verdictsOf(g, new Relevant(g), 0)]).toEqual([-1, 1, -1, 0, -1, -1, -1]);
    expect([...verdictsOf(g, new Relevant(g), 1)]).toEqual([1, -1, -1, 0, -1, 0, -1]);
  });

  it('are scored by what is left of the ranking', () => {
    // Of photo 0: unknown 2, wrong 3, unknown 4, then right 1.
    const cosines = [1, 0.5, 0.9, 0.8, 0.7, 0.6, 0.55];
    const data = Float32Array.from(cosines.flatMap((c) => [c, Math.sqrt(1 - c * c)]));
    const described = { x: { data, rows: 7, dim: 2 }, has: new Uint8Array(7).fill(1) };
    const [first] = ask(g, [0], described, 2);
    // One right photo at rank 1 of 0, 1: half of (0 / 1 + 1 / 2).
    expect(first).toEqual({
      query: 0,
      ap: 0.25,
      first: [
        { row: 2, verdict: -1 },
        { row: 3, verdict: 0 },
      ],
    });
    described.has[3] = 0;
    expect(ask(g, [0], described)[0]!.ap).toBe(1);
    described.has[0] = 0;
    expect(ask(g, [0], described)).toEqual([]);
  });

  it('count by how sure geometry is of them, the same where it is of all', () => {
    // Photo 0 has 1 and 2 as its place; 3 is wrong. What comes back: 1, 3, 2.
    const cosines = [1, 0.9, 0.7, 0.8];
    const data = Float32Array.from(cosines.flatMap((c) => [c, Math.sqrt(1 - c * c)]));
    const described = { x: { data, rows: 4, dim: 2 }, has: new Uint8Array(4).fill(1) };
    const plain = world([1, 1, 1, 2]);
    const sure = (...weights: number[]): Geometry => ({ ...plain, sure: Float64Array.from(weights) });
    // Ranks 0 and 2: precision 1, and half of 1/2 + 2/3.
    const [first, second] = [1, 0.5 * (1 / 2 + 2 / 3)];
    const ap = (g: Geometry): number => ask(g, [0], described)[0]!.ap;
    expect(ap(plain)).toBeCloseTo((first + second) / 2, 12);
    for (const weight of [1, 0.5]) expect(ap(sure(weight, weight, weight))).toBeCloseTo((first + second) / 2, 12);
    // Pairs are 0-1, 0-2, 1-2.
    expect(ap(sure(0.75, 0.25, 1))).toBeCloseTo(0.75 * first + 0.25 * second, 12);
    expect(ask(sure(0.75, 0.25, 1), [0, 1], described).map((a) => a.weight)).toEqual([0.5, 0.875]);
    // What is not found counts as lost by its weight.
    described.has[2] = 0;
    expect(ap(sure(0.75, 0.25, 1))).toBeCloseTo(0.75, 12);
    expect(
      meanOfAnswers([
        { ap: 1, weight: 0.75 },
        { ap: 0, weight: 0.25 },
      ]),
    ).toBe(0.75);
    expect(meanOfAnswers([{ ap: 1 }, { ap: 0 }])).toBe(0.5);
    expect(meanOfAnswers([])).toBeNull();
  });

  it('are exactly 1 where nothing is wrong, in whatever order what is sure is found', () => {
    const cosines = [1, 0.6, 0.7, 0.8, 0.9, 0.1];
    const data = Float32Array.from(cosines.flatMap((c) => [c, Math.sqrt(1 - c * c)]));
    const described = { x: { data, rows: 6, dim: 2 }, has: new Uint8Array(6).fill(1) };
    const plain = world([1, 1, 1, 1, 1, 2]);
    for (let k = 10; k < 60; k += 1) {
      const sure = Float64Array.from(plain.a, (_, i) => (k + 7 * i) / (k + 7 * i + 10));
      expect(ask({ ...plain, sure }, [0], described)[0]!.ap).toBe(1);
    }
  });
});

describe('what can be measured', () => {
  it('is said with what is missing, in numbers', () => {
    const possible = (groups: readonly number[]): boolean[] => protocolStates(world(groups)).map((s) => s.possible);
    expect(possible(PLACES)).toEqual([true, true, true]);
    expect(possible([1, 1, 2, 2, 3])).toEqual([true, false, false]);
    expect(possible([1, 1, 1, 2])).toEqual([true, true, false]);
    // One place has no wrong answer: everything would be right.
    expect(possible([1, 1, 1])).toEqual([false, false, false]);
    const [, photos, places] = protocolStates(world([1, 1, 2, 2, 3]));
    expect(photos!.missing).toMatch(/3 photos that share enough points.*there are 5 photos of 3 places, 2 places with/);
    expect(places!.missing).toMatch(/It takes 4 places/);
    expect(protocolStates(world(PLACES))[1]).toMatchObject({ queries: 16, places: 4, missing: null });
  });
});

describe('the interval over places', () => {
  const witness = (value: number, place: number, fold = 0): Witness => ({ value, place, fold });

  it('is of the mean over all photos, and none of fewer than four places', () => {
    const values = [witness(1, 1), witness(0, 1), witness(1, 2), witness(1, 3)];
    expect(overPlaces(values)).toEqual({ mean: 0.75, low: null, high: null });
    const { mean, low, high } = overPlaces([...values, witness(0, 4)]);
    expect(mean).toBe(0.6);
    expect(low).toBeLessThan(0.6);
    expect(high).toBeGreaterThan(0.6);
  });

  it('is as wide as places differ, however many photos of them ask', () => {
    const of = (n: number): Witness[] =>
      [0, 0, 1, 1].flatMap((value, place) => Array.from({ length: n }, () => witness(value, place)));
    // Means of four draws of {0, 0, 1, 1}: 2.5 % lie at 0 and at 1, for 1 in 16 draws has one value alone.
    for (const n of [1, 100]) expect(overPlaces(of(n), 1)).toEqual({ mean: 0.5, low: 0, high: 1 });
    const alike = overPlaces([1, 2, 3, 4].flatMap((p) => [witness(0.25, p), witness(0.75, p)]));
    expect(alike).toEqual({ mean: 0.5, low: 0.5, high: 0.5 });
  });

  it('counts who asks by how sure geometry is of what they ask for', () => {
    const weighted = [1, 2, 3, 4].flatMap((p) => [
      { ...witness(1, p), weight: 0.75 },
      { ...witness(0, p), weight: 0.25 },
    ]);
    expect(overPlaces(weighted)).toEqual({ mean: 0.75, low: 0.75, high: 0.75 });
  });

  it('draws folds, too', () => {
    const folds = [1, 2, 3, 4].flatMap((p) => [witness(0, p, 0), witness(1, p, 1)]);
    const { low, high } = overPlaces(folds, 2);
    expect(low).toBeLessThan(0.4);
    expect(high).toBeGreaterThan(0.6);
  });
});
