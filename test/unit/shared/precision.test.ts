import { expect, it } from 'vitest';
import { JOBS } from '../../../src/shared/jobs/index.ts';
import { saidBy } from '../../../src/shared/jobs/job.ts';
import { atOf100, differenceOf100, intervalOf100, meanOf100, signedOf100 } from '../../../src/shared/precision.ts';

it('precisions, their intervals and differences are all of a hundred', () => {
  const [known, few] = [
    { mean: 0.6123, low: 0.5, high: 0.70049 },
    { mean: 0.6123, low: null, high: null },
  ];
  expect(meanOf100(known)).toBe('61.23 [50.00, 70.05]');
  expect([meanOf100(few), meanOf100(few, '(too few)')]).toEqual(['61.23', '61.23 (too few)']);
  expect([intervalOf100(known), intervalOf100(few), intervalOf100(few, 'none')]).toEqual([
    '[50.00, 70.05]',
    '',
    'none',
  ]);
  expect(differenceOf100({ mean: -0.0123, low: -0.04, high: 0.00001 })).toBe('-1.23 [-4.00, +0.00]');
  expect(signedOf100(-0.0404, 1, '−')).toBe('−4.0');
  expect(atOf100({ 1: 1, 5: 0.932 }, 'mP@')).toBe('mP@1 100.00  mP@5 93.20');
});

it('what a measured ranking says has one unit', () => {
  const measured = {
    protocol: 'oxford',
    map: 0.5625,
    interval: { low: 0.25, high: 0.875 },
    mpAtK: { 1: 0.5 },
    queries: 2,
    skipped: 0,
  };
  const paired = { difference: -0.05, low: -0.1, high: 0.02, p: 0.25, wins: 0, losses: 1 };
  const said = saidBy(JOBS['evaluate-ranks'], { ...measured, against: { ...measured, map: 0.6125 }, paired } as never);
  expect(said.slice(1)).toEqual([
    'mAP 56.25 [25.00, 87.50] over 2 queries',
    'mP@1 50.00',
    'against: mAP 61.25',
    'difference -5.00 [-10.00, +2.00], p = 0.2500; better on 0 queries, worse on 1',
  ]);
});
