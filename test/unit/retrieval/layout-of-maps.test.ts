import { beforeEach, describe, expect, it, vi } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { layOut } from '../../../src/main/engine/retrieval/map.ts';
import { normaliseRows, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';

/** What UMAP was asked, and what it shall answer. */
const umap = vi.hoisted(() => ({
  options: {} as { nComponents: number; nNeighbors: number; minDist: number; random: () => number },
  indices: [] as number[][],
  distances: [] as number[][],
  epochs: 3,
  steps: 0,
  embedding: [] as number[][],
}));
vi.mock('umap-js', () => ({
  UMAP: class {
    constructor(options: typeof umap.options) {
      umap.options = options;
    }
    setPrecomputedKNN(indices: number[][], distances: number[][]): void {
      umap.indices = indices;
      umap.distances = distances;
    }
    initializeFit(): number {
      return umap.epochs;
    }
    step(): void {
      umap.steps += 1;
    }
    getEmbedding(): number[][] {
      return umap.embedding;
    }
  },
}));

beforeEach(() => {
  umap.steps = 0;
});

function drawn(rows: number, seed: number): Matrix {
  const r = random(seed);
  return normaliseRows({ data: Float32Array.from({ length: rows * 3 }, () => r.between(-1, 1)), rows, dim: 3 }, 'x');
}

describe('a map', () => {
  it('is laid out from the nearest by cosine, every photo its own first, fifteen at most', async () => {
    for (const [rows, k] of [
      [4, 3],
      [15, 14],
      [16, 15],
      [40, 15],
    ] as const) {
      const m = drawn(rows, rows);
      if (rows === 40) for (const copy of [7, 8, 9]) m.data.copyWithin(3 * copy, 3 * 2, 3 * 3);
      umap.embedding = Array.from({ length: rows }, (_, i) => [i, -i]);
      await layOut(m, 5, silentContext());
      expect(umap.options).toMatchObject({ nComponents: 2, nNeighbors: k, minDist: 0.15 });
      const expected = random(5);
      expect([umap.options.random(), umap.options.random()]).toEqual([expected.next(), expected.next()]);
      expect(umap.indices).toHaveLength(rows);
      for (let i = 0; i < rows; i += 1) {
        const cosine = (j: number): number =>
          [0, 1, 2].reduce((s, d) => s + m.data[3 * i + d]! * m.data[3 * j + d]!, 0);
        const others = Array.from({ length: rows }, (_, j) => j)
          .filter((j) => j !== i)
          .sort((a, b) => cosine(b) - cosine(a));
        expect(umap.indices[i]).toHaveLength(k);
        expect(umap.indices[i]![0]).toBe(i);
        expect(umap.distances[i]![0]).toBe(0);
        expect(new Set(umap.indices[i]).size).toBe(k);
        others.slice(0, k - 1).forEach((j, at) => {
          expect(cosine(umap.indices[i]![at + 1]!)).toBeCloseTo(cosine(j), 5);
          expect(umap.distances[i]![at + 1]).toBeCloseTo(Math.max(0, 1 - cosine(j)), 5);
        });
        expect(Math.min(...umap.distances[i]!)).toBe(0);
      }
    }
  });

  it('takes as many rounds as UMAP asks for, and ends when it is told to', async () => {
    umap.embedding = [
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ];
    const done: number[] = [];
    const steps: string[] = [];
    await layOut(drawn(4, 1), 0, {
      ...silentContext(),
      step: (name, total) => steps.push(`${name} ${total}`),
      progress: (n) => done.push(n),
    });
    expect(umap.steps).toBe(3);
    expect(done.slice(-3)).toEqual([1, 2, 3]);
    expect(steps).toEqual(['Finding neighbours 4', 'Laying out the map 3']);
    let left = 2;
    const stopping = {
      ...silentContext(),
      check: () => {
        left -= 1;
        if (left < 0) throw new Error('stopped');
      },
    };
    await expect(layOut(drawn(4, 1), 0, stopping)).rejects.toThrow('stopped');
    expect(umap.steps).toBe(4);
  });

  it('is from 0 to 1, two thirds by rank and a third by place, equal ones by row', async () => {
    umap.embedding = [
      [2, 5],
      [-2, 5],
      [6, 5],
      [2, 5],
      [5, 5],
    ];
    const at = await layOut(drawn(5, 2), 0, silentContext());
    // Along x the order is 1, 0, 3, 4, 2; the range is 8.
    const x = [0.65 * (1 / 4) + 0.35 * (4 / 8), 0, 1, 0.65 * (2 / 4) + 0.35 * (4 / 8), 0.65 * (3 / 4) + 0.35 * (7 / 8)];
    x.forEach((v, i) => expect(at[2 * i]).toBeCloseTo(v, 6));
    // All at one height: rank alone tells.
    [0, 1, 2, 3, 4].forEach((i) => expect(at[2 * i + 1]).toBeCloseTo(0.65 * (i / 4), 6));
  });
});
