import { expect, it } from 'vitest';
import { Nearing } from '../../../src/main/engine/retrieval/nearing.ts';

it('an iteration is as far as its residual has come, in powers, and goes on within a round as the one before did', () => {
  const nearing = new Nearing(1e-8);
  expect(nearing.at(0)).toBe(0);
  // Until two rounds are seen, one of eight.
  expect(nearing.at(0.5)).toBeCloseTo(1 / 16, 12);
  nearing.ended(1);
  expect(nearing.at(0)).toBeCloseTo(1 / 8, 12);
  for (let power = 1; power < 8; power += 1) {
    nearing.ended(10 ** -power);
    expect(nearing.at(0)).toBeCloseTo(1 / 8 + (7 / 8) * (power / 8), 9);
    // The next brings as much.
    if (power < 7) expect(nearing.at(0.5)).toBeCloseTo(1 / 8 + (7 / 8) * ((power + 0.5) / 8), 9);
  }
  nearing.ended(1e-9);
  expect(nearing.at(1)).toBe(0.99);
});

it('never goes back, and is never over while it goes on', () => {
  for (const [tolerance, residuals] of [
    [1e-6, [1, 1e-3, 1e-1, 10, 1e-4]],
    [-1, [1, 1e-9, 1e-12, 0]],
    [0, [1, 1e-9, 0]],
    [1e-3, [1e-5, 1e-6]],
  ] as const) {
    const nearing = new Nearing(tolerance);
    let told = 0;
    for (const residual of residuals) {
      for (const share of [0, 0.4, 1, 1.3, 0.2]) {
        const now = nearing.at(share);
        expect(now).toBeGreaterThanOrEqual(told);
        expect(now).toBeLessThanOrEqual(0.99);
        told = now;
      }
      nearing.ended(residual);
    }
  }
});
