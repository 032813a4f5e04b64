import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { exactNeighbours } from '../../../src/main/engine/retrieval/neighbours.ts';

describe('neighbours in a set that is searched in two parts', () => {
  it('are the best of both, equal ones by row', async () => {
    // A quarter of a million rows are searched at a time.
    const rows = (1 << 18) + 40;
    const r = random(1);
    const data = new Float32Array(2 * rows);
    for (let i = 0; i < rows; i += 1) {
      const angle = 2 + 4 * r.next();
      data.set([Math.cos(angle), Math.sin(angle)], 2 * i);
    }
    // Near the query: some at the beginning, some behind the part; two are the same.
    const put = (i: number, angle: number): void => data.set([Math.cos(angle), Math.sin(angle)], 2 * i);
    const behind = 1 << 18;
    put(10, 0.02);
    put(behind + 3, 0.01);
    put(behind + 5, 0.03);
    put(900, 0.04);
    put(behind + 7, 0.04);
    put(behind + 39, 0.05);
    const found = await exactNeighbours(
      { data, rows, dim: 2 },
      { data: Float32Array.of(1, 0, 1, 0), rows: 2, dim: 2 },
      6,
    );
    const expected = [behind + 3, 10, behind + 5, 900, behind + 7, behind + 39];
    expect([...found.ids]).toEqual([...expected, ...expected]);
    expected.forEach((id, j) => expect(found.scores[j]).toBeCloseTo(data[2 * id]!, 6));
    // More than the second part has: it gives what it can.
    const many = await exactNeighbours({ data, rows, dim: 2 }, { data: Float32Array.of(1, 0), rows: 1, dim: 2 }, 60);
    expect(new Set(many.ids).size).toBe(60);
    expect([...many.ids.subarray(0, 6)]).toEqual(expected);
    for (let j = 1; j < 60; j += 1) expect(many.scores[j]!).toBeLessThanOrEqual(many.scores[j - 1]!);
  });
});
