import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { normaliseRows } from '../../../src/main/engine/retrieval/rank.ts';
import { learnWhitening, whiten } from '../../../src/main/engine/retrieval/whitening.ts';

describe('whitening without shrinkage', () => {
  const r = random(2);
  const x = normaliseRows({ data: Float32Array.from({ length: 48 }, () => r.between(-1, 1)), rows: 8, dim: 6 }, 'x');

  it('of fewer pairs than dimensions is lifted by as little as it needs, and is finite', () => {
    const w = learnWhitening(x, [0, 2], [1, 3], 0);
    expect(w.shrinkage).toBe(0);
    expect([...w.projection].every(Number.isFinite)).toBe(true);
    for (let i = 0; i < 8; i += 1)
      expect(Math.hypot(...whiten(x, w).data.subarray(6 * i, 6 * i + 6))).toBeCloseTo(1, 4);
  });
});
