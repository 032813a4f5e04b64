import { expect, it } from 'vitest';
import { differenceSaid } from '../../../src/main/engine/evaluation/compared.ts';
import { signedOf100 } from '../../../src/renderer/kit/format.ts';

it('a difference has the sign of what is written', () => {
  expect([-0.0003, 0, -0, 0.0003, 0.0314, -0.0314].map((v) => signedOf100(v))).toEqual([
    '+0.0',
    '+0.0',
    '+0.0',
    '+0.0',
    '+3.1',
    '−3.1',
  ]);
  expect(signedOf100(-0.0003, 2)).toBe('−0.03');
  expect(differenceSaid({ mean: -0.0003, low: -0.02, high: 0.0004 })).toBe('+0.0 points [-2.0, +0.0]');
});
