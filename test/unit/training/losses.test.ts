import { describe, expect, it } from 'vitest';
import { LOSS_KINDS } from '../../../src/shared/domain.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import {
  batchHardLoss,
  contrastiveLoss,
  multiSimilarityLoss,
  tripletLoss,
  tupleLoss,
} from '../../../src/main/engine/training/losses.ts';

const v = (...x: number[]): Float32Array => Float32Array.from(x);

describe('losses', () => {
  // methods.md 1.4
  const [q, p, n1, n2] = [v(1, 0, 0), v(0.8, 0.6, 0), v(0.6, 0.8, 0), v(0, 0, 1)];
  it('have the golden values', () => {
    expect(contrastiveLoss(q, p, [n1, n2], 0.7).loss).toBeCloseTo(0.2, 4);
    expect(contrastiveLoss(q, p, [n1, n2], 0.85).loss).toBeCloseTo(0.2, 4);
    expect(contrastiveLoss(q, p, [n1, n2], 1).loss).toBeCloseTo(0.20557, 4);
    const triplet = tripletLoss(q, p, [n1, n2], 0.5);
    expect(triplet.loss).toBeCloseTo(0.1, 6);
    expect(triplet.active).toBe(1);
  });

  it('in which query and positive both ask have the values of their definitions', () => {
    // D(q,p) = 0.632456; nearest to q is n1 at 0.894427, to p n1 at 0.282843.
    const hard = batchHardLoss(q, p, [n1, n2], 0.3);
    expect(hard.loss).toBeCloseTo((0.632456 - 0.894427 + 0.3 + (0.632456 - 0.282843 + 0.3)) / 2, 4);
    expect(hard.active).toBe(1);
    expect(batchHardLoss(q, p, [n1, n2], 0.2).loss).toBeCloseTo((0.632456 - 0.282843 + 0.2) / 2, 4);
    // Inner products: q·p 0.8, q·n1 0.6, p·n1 0.96, with n2 0. For q no pair is within 0.1 of the other side.
    const similar = multiSimilarityLoss(q, p, [n1, n2], 0.5);
    const ofP = Math.log(1 + Math.exp(-2 * 0.3)) / 2 + Math.log(1 + Math.exp(50 * 0.46)) / 50;
    expect(similar.loss).toBeCloseTo(ofP / 2, 5);
    expect(similar.active).toBe(0);
    expect(multiSimilarityLoss(p, q, [n1, n2], 0.5).active).toBe(1);
  });

  it('have nothing to say of a pair without negatives where both ask', () => {
    expect(batchHardLoss(q, p, [], 0.3)).toMatchObject({ loss: 0, active: 0 });
    expect(multiSimilarityLoss(q, p, [], 0.5)).toMatchObject({ loss: 0, active: 0 });
  });

  it('have the gradients of finite differences, weighted too', () => {
    const r = random(9);
    for (const kind of LOSS_KINDS) {
      for (let t = 0; t < 30; t += 1) {
        const all = Array.from({ length: 5 }, () => Float64Array.from({ length: 6 }, () => r.next() - 0.5));
        const f32 = (x: Float64Array): Float32Array => Float32Array.from(x);
        const options = { kind, margin: 0.6, weight: 0.3 + r.next() };
        const of = (x: readonly Float64Array[]): number =>
          tupleLoss(f32(x[0]!), f32(x[1]!), x.slice(2).map(f32), options).loss;
        const l = tupleLoss(f32(all[0]!), f32(all[1]!), all.slice(2).map(f32), options);
        [l.dQuery, l.dPositive, ...l.dNegatives].forEach((gradient, i) => {
          for (let k = 0; k < 6; k += 1) {
            const h = 2e-3;
            const moved = (by: number): Float64Array[] => all.map((x, j) => (j === i ? x.with(k, x[k]! + by) : x));
            const numeric = (of(moved(h)) - of(moved(-h))) / (2 * h);
            // Within a step of the hinge the difference is between two slopes.
            if (Math.abs(of(moved(h)) - 2 * of(all) + of(moved(-h))) < 1e-4)
              expect(gradient[k]).toBeCloseTo(numeric, 2);
          }
        });
      }
    }
  });
});
