import { describe, expect, it } from 'vitest';
import { EDGE_EXPONENT, EDGE_THRESHOLD } from '../../../src/main/engine/network/head.ts';
import { GEM_P } from '../../../src/main/engine/network/pooling-heads.ts';
import { Adam } from '../../../src/main/engine/training/adam.ts';
import { GradientSum } from '../../../src/main/engine/training/gradient-sum.ts';
import { spread } from '../../../src/main/engine/training/ladder.ts';
import {
  contrastiveLoss,
  DIFFERENCE_EPSILON,
  tripletLoss,
  tupleLoss,
} from '../../../src/main/engine/training/losses.ts';
import { copyInto, raise, Sgd, treatmentOf } from '../../../src/main/engine/training/optimisers.ts';
import { decayed } from '../../../src/main/engine/training/presets.ts';

const v = (...x: number[]): Float32Array => Float32Array.from(x);

describe('the triplet loss', () => {
  it('is the sum of hinges on squared distances; a hinge at zero teaches nothing', () => {
    const [q, p] = [v(0, 0), v(1, 0)];
    // Squared distances 1 to the positive, 4, 9 and 2.25 to the negatives.
    const negatives = [v(0, 2), v(-3, 0), v(0, 1.5)];
    const at = (margin: number): ReturnType<typeof tripletLoss> => tripletLoss(q, p, negatives, margin);
    expect(at(3)).toMatchObject({ loss: 1.75, active: 1, negativeDistances: [2, 3, 1.5] });
    expect([...at(3).dNegatives[0]!]).toEqual([0, 0]);
    const some = at(3.5);
    expect([some.loss, some.active]).toEqual([0.5 + 2.25, 2]);
    // d/dq = 2 (n − p), d/dp = −2 (q − p), d/dn = 2 (q − n), over the two that are inside.
    expect([...some.dQuery]).toEqual([-4, 7]);
    expect([...some.dPositive]).toEqual([4, 0]);
    expect(some.dNegatives.map((d) => [...d])).toEqual([
      [0, -4],
      [0, 0],
      [0, -3],
    ]);
    expect(tripletLoss(q, p, [], 1)).toMatchObject({ loss: 0, active: 0, negativeDistances: [] });
  });
});

describe('the contrastive loss', () => {
  it('pulls positives, pushes negatives that are inside the margin, and leaves those at it', () => {
    const D = (a: number[], b: number[]): number => Math.hypot(...a.map((x, i) => x - b[i]! + DIFFERENCE_EPSILON));
    expect(DIFFERENCE_EPSILON).toBe(1e-6);
    const [q, p, n] = [
      [0.5, 0],
      [0, 0.25],
      [0, 0],
    ];
    const distance = D(q!, n!);
    const at = (margin: number): ReturnType<typeof contrastiveLoss> =>
      contrastiveLoss(Float32Array.from(q!), Float32Array.from(p!), [Float32Array.from(n!)], margin);
    const pull = 0.5 * D(q!, p!) ** 2;
    for (const [margin, active] of [
      [0.75, 1],
      [distance, 0],
      [0.25, 0],
    ] as const) {
      const l = at(margin);
      expect(l.loss).toBeCloseTo(pull + 0.5 * Math.max(0, margin - distance) ** 2, 12);
      expect([l.active, l.negativeDistances]).toEqual([active, [distance]]);
      const push = active === 1 ? 1 - margin / distance : 0;
      expect(l.dNegatives[0]![0]).toBeCloseTo(-push * (0.5 + 1e-6), 6);
      expect(l.dPositive[0]).toBeCloseTo(-(0.5 + 1e-6), 6);
      expect(l.dPositive[1]).toBeCloseTo(0.25 - 1e-6, 6);
      expect(l.dQuery[0]).toBeCloseTo((1 + push) * (0.5 + 1e-6), 6);
      expect(l.dQuery[1]).toBeCloseTo(-0.25 + 1e-6 + push * 1e-6, 6);
    }
    // On top of each other up to the very epsilon no direction is known.
    const same = contrastiveLoss(v(0), v(0), [v(Math.fround(1e-6))], 0.7);
    expect(Number.isFinite(same.dNegatives[0]![0]!)).toBe(true);
  });

  it('times a weight is all of it times that, and times one it is as it was', () => {
    for (const kind of ['contrastive', 'triplet'] as const) {
      const of = (weight: number): ReturnType<typeof tupleLoss> =>
        tupleLoss(v(1, 0), v(0.5, 0.5), [v(0.75, 0), v(0, 0.5)], { kind, margin: 1, weight });
      const [one, quarter, none] = [of(1), of(0.25), of(0)];
      expect(quarter.loss).toBe(one.loss / 4);
      expect(quarter.dQuery).toEqual(one.dQuery.map((x) => x / 4));
      expect(quarter.dPositive).toEqual(one.dPositive.map((x) => x / 4));
      quarter.dNegatives.forEach((d, i) => expect(d).toEqual(one.dNegatives[i]!.map((x) => x / 4)));
      expect([quarter.active, quarter.negativeDistances]).toEqual([one.active, one.negativeDistances]);
      expect(none.loss).toBe(0);
      expect([...none.dQuery].every((x) => x === 0)).toBe(true);
      expect(one.loss).toBeGreaterThan(0);
      expect(one).toEqual(
        (kind === 'triplet' ? tripletLoss : contrastiveLoss)(v(1, 0), v(0.5, 0.5), [v(0.75, 0), v(0, 0.5)], 1),
      );
    }
  });
});

describe('parameters that are no weights', () => {
  const of = (name: string, length: number): { name: string; dims: number[]; data: Float32Array } => ({
    name,
    dims: [length],
    data: new Float32Array(length).fill(1),
  });
  it('learn at rates of their own, do not decay, and have a floor', () => {
    expect(treatmentOf(of('conv/w', 9))).toBeUndefined();
    expect(treatmentOf(of(GEM_P, 1))).toEqual({ rate: 10, least: -Infinity });
    expect(treatmentOf(of(GEM_P, 2))).toEqual({ rate: 100, least: -Infinity });
    expect(treatmentOf(of(EDGE_EXPONENT, 1))).toEqual({ rate: 1, least: -Infinity });
    expect(treatmentOf(of(EDGE_EXPONENT, 2))).toEqual({ rate: 1, least: -Infinity });
    expect(treatmentOf(of(EDGE_THRESHOLD, 1))).toEqual({ rate: 0.1, least: 0.01 });
    const data = v(-1, 0.5, 2);
    raise(data, -Infinity);
    expect([...data]).toEqual([-1, 0.5, 2]);
    raise(data, 0.75);
    expect([...data]).toEqual([0.75, 0.75, 2]);
    const into = [v(0, 0), v(0)];
    copyInto(into, [v(1, 2), v(3)]);
    expect(into).toEqual([v(1, 2), v(3)]);
  });

  it('are moved so by both optimisers', async () => {
    const all = (): ReturnType<typeof of>[] => [
      of('w', 2),
      of(GEM_P, 1),
      of(GEM_P, 3),
      of(EDGE_EXPONENT, 1),
      of(EDGE_THRESHOLD, 1),
    ];
    const options = { learningRate: 0.125, weightDecay: 0.5 };
    const sgd = all();
    const s = new Sgd(sgd);
    expect(s.state.steps).toBe(0);
    s.step(
      sgd.map((p) => p.data.map(() => 0.25)),
      options,
    );
    // The first step is rate times gradient, with decay for weights alone.
    [0.125 * 0.75, 1.25 * 0.25, 12.5 * 0.25, 0.125 * 0.25, 0.0125 * 0.25].forEach((step, i) =>
      sgd[i]!.data.forEach((x) => expect(x).toBeCloseTo(1 - step, 6)),
    );
    s.step(
      sgd.map((p) => p.data.map(() => 1e4)),
      options,
    );
    expect(s.state.steps).toBe(2);
    expect(sgd[4]!.data[0]).toBeCloseTo(0.01, 7);
    expect(sgd[3]!.data[0]).toBeLessThan(-100);
    const adam = all();
    (await Adam.create(adam)).step(
      adam.map((p) => p.data.map(() => 0.25)),
      options,
    );
    // Adam's first step is the rate itself.
    [0.125, 1.25, 12.5, 0.125, 0.0125].forEach((step, i) =>
      adam[i]!.data.forEach((x) => expect((1 - x) / step).toBeCloseTo(1, 4)),
    );
    const floor = [{ ...of(EDGE_THRESHOLD, 1), data: v(0.011) }];
    (await Adam.create(floor)).step([v(1)], options);
    expect(floor[0]!.data[0]).toBeCloseTo(0.01, 7);
  });

  it('momentum is 0.9, and dampening counts from the second step', () => {
    for (const dampening of [0, 0.9]) {
      const p = [of('w', 1)];
      const sgd = new Sgd(p, dampening);
      let [w, velocity] = [1, 0];
      for (let t = 0; t < 4; t += 1) {
        velocity = 0.9 * velocity + (t === 0 ? 1 : 1 - dampening) * (0.5 + 0.25 * w);
        w -= 0.125 * velocity;
        sgd.step([v(0.5)], { learningRate: 0.125, weightDecay: 0.25 });
        expect(p[0]!.data[0]).toBeCloseTo(w, 6);
        expect(sgd.state.arrays[0]![0]).toBeCloseTo(velocity, 5);
      }
      const other = [of('w', 1)];
      const again = new Sgd(other, dampening);
      again.restore({ steps: sgd.state.steps, arrays: sgd.state.arrays });
      other[0]!.data.set(p[0]!.data);
      again.step([v(1)], { learningRate: 0.125, weightDecay: 0 });
      sgd.step([v(1)], { learningRate: 0.125, weightDecay: 0 });
      expect(other[0]!.data).toEqual(p[0]!.data);
      expect(again.state.steps).toBe(5);
    }
  });
});

describe("Adam's options", () => {
  it('are β₁, β₂ and ε of its formula', async () => {
    const p = [{ name: 'w', dims: [2], data: v(1, -1) }];
    const adam = await Adam.create(p);
    const o = { learningRate: 0.1, weightDecay: 0, beta1: 0.5, beta2: 0.75, epsilon: 0.25 };
    const w = [1, -1];
    const m = [0, 0];
    const s = [0, 0];
    [
      [0.5, -2],
      [1, 0.25],
      [-1, 0],
    ].forEach((g, i) => {
      adam.step([Float32Array.from(g)], o);
      g.forEach((x, k) => {
        m[k] = 0.5 * m[k]! + 0.5 * x;
        s[k] = 0.75 * s[k]! + 0.25 * x * x;
        w[k]! -= (0.1 * (m[k]! / (1 - 0.5 ** (i + 1)))) / (Math.sqrt(s[k]! / (1 - 0.75 ** (i + 1))) + 0.25);
        expect(p[0]!.data[k]).toBeCloseTo(w[k]!, 5);
      });
    });
    expect(adam.state.steps).toBe(3);
    expect(adam.state.arrays.map((a) => a.length)).toEqual([2, 2]);
  });
});

describe('small sums', () => {
  it('of gradients are zeros of the right sizes before anything is added, and after', () => {
    const sum = new GradientSum([{ data: v(0, 0, 0) }, { data: v(0) }]);
    sum.scale(3);
    expect(sum.arrays).toEqual([v(0, 0, 0), v(0)]);
    sum.add([v(1, 2, 3), v(4)]);
    expect(sum.arrays).toEqual([v(1, 2, 3), v(4)]);
    sum.clear();
    expect(sum.arrays).toEqual([v(0, 0, 0), v(0)]);
  });

  it('have the mean and deviation of a sample, and none of one value', () => {
    expect(spread([3])).toEqual({ mean: 3, std: 0 });
    expect(spread([1, 3])).toEqual({ mean: 2, std: Math.SQRT2 });
    expect(spread([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ mean: 5, std: Math.sqrt(32 / 7) });
  });

  it('let rates fall from the second epoch on', () => {
    const exponential = { kind: 'exponential', rate: 0.5 } as const;
    expect([1, 2, 3].map((e) => decayed(exponential, e))).toEqual([1, Math.exp(-0.5), Math.exp(-1)]);
    const steps = { kind: 'steps', epochs: [2, 3], factor: 10 } as const;
    expect([1, 2, 3, 4].map((e) => decayed({ ...steps, epochs: [...steps.epochs] }, e))).toEqual([1, 1, 0.1, 0.01]);
  });
});
