import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphBuilder, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { GridBuilder, regionGrid } from '../../../src/main/engine/network/region-grid.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';

const SIZES = Array.from({ length: 64 }, (_, i) => i + 1);

/**
 * SHA-256 of the grids of all maps up to 64 x 64, one a line, as the lines of the published PyTorch implementation that find the
 * regions give them (torch 1.13.1, single precision): `WxH x,y,w,h;…`, the whole map first, widths in the outer loop.
 */
const GOLDEN = '6d8614bdac35ec91acf475075cb62005f3722b2076ce24fb3499043a687afe4f';

/** Maps for which double precision breaks a tie otherwise than that implementation; the same turned. */
const TIES = [
  [32, 2],
  [62, 2],
  [63, 2],
  [33, 3],
  [63, 3],
  [64, 3],
  [33, 4],
  [63, 4],
  [64, 4],
  [9, 5],
  [34, 5],
  [64, 5],
  [35, 6],
  [35, 7],
  [36, 8],
  [35, 9],
  [18, 10],
  [27, 15],
  [55, 15],
  [36, 20],
  [45, 25],
  [61, 25],
  [54, 30],
  [63, 35],
] as const;

describe('the grid of R-MAC', () => {
  it("is the authors' for every map up to 64 x 64", () => {
    const lines = SIZES.flatMap((w) =>
      SIZES.map(
        (h) =>
          `${w}x${h} ${regionGrid(w, h)
            .map((r) => `${r.x},${r.y},${r.width},${r.height}`)
            .join(';')}\n`,
      ),
    );
    expect(createHash('sha256').update(lines.join('')).digest('hex')).toBe(GOLDEN);
  });

  it('has the corners that the authors have where rounding decides, and on maps of side 1', () => {
    const corners = (w: number, h: number): string[] => regionGrid(w, h).map((r) => `${r.x} ${r.y} ${r.width}`);
    expect(corners(9, 5).slice(1, 9)).toEqual(['0 0 5', '4 0 5', '0 0 3', '3 0 3', '6 0 3', '0 2 3', '3 2 3', '6 2 3']);
    expect(regionGrid(9, 5)).toHaveLength(21);
    expect(corners(1, 7).slice(1)).toEqual(['0 0 1', '0 1 1', '0 2 1', '0 3 1', '0 4 1', '0 5 1', '0 6 1']);
    expect(corners(1, 1).slice(1)).toEqual(['0 0 1']);
    expect(regionGrid(47, 11)).toHaveLength(51);
    expect(
      corners(47, 11)
        .slice(1, 8)
        .map((c) => c.split(' ')[0]),
    ).toEqual(['0', '6', '12', '18', '24', '30', '36']);
  });

  it('keeps inside maps of any size', () => {
    for (const [w, h] of [
      [1, 400],
      [301, 1],
      [999, 7],
      [2, 3],
    ] as const)
      for (const r of regionGrid(w, h)) {
        expect(r.x >= 0 && r.y >= 0 && r.x + r.width <= w && r.y + r.height <= h).toBe(true);
        expect(r.width >= 1 && r.height >= 1).toBe(true);
      }
  });
});

describe('the grid inside a network', () => {
  let runner: Runner;
  let outputs: { from: string; to: string; present: string }[];
  beforeAll(async () => {
    const graph: Graph = {
      name: 'g',
      inputs: [{ name: 'x', type: 'float', dims: ['N', 1, 'H', 'W'] }],
      outputs: [],
      nodes: [],
      initializers: new Map(),
      metadata: new Map(),
    };
    const grid = new GridBuilder(new GraphBuilder(graph, 'p'), 'x');
    // In the order of the grid along the long side; 6 extra positions at most.
    outputs = [1, 2, 3].flatMap((level) =>
      Array.from({ length: level + 6 }, (_, i) =>
        Array.from({ length: level }, (_, j) => grid.region(level, i, j)),
      ).flat(),
    );
    for (const o of outputs)
      for (const name of [o.from, o.to, o.present]) graph.outputs.push({ name, type: 'int64', dims: ['n'] });
    runner = await Runner.create(graph);
  });
  afterAll(() => runner.release());

  it('is the same for maps of every shape, ties and side 1 among them', async () => {
    const small = SIZES.slice(0, 14).flatMap((w) => SIZES.slice(0, 14).map((h) => [w, h] as const));
    const turned = TIES.map(([w, h]) => [h, w] as const);
    for (const [w, h] of [...small, ...TIES, ...turned, [11, 3], [64, 64], [64, 1], [47, 11], [11, 47]] as const) {
      const out = await runner.run({ x: { dims: [1, 1, h, w], data: new Float32Array(h * w) } });
      const numbers = (name: string): number[] => Array.from(out[name] as unknown as BigInt64Array, Number);
      const got = outputs
        .filter((o) => numbers(o.present)[0] === 1)
        .map((o) => [...numbers(o.from), ...numbers(o.to)].join(' '));
      const expected = regionGrid(w, h)
        .slice(1)
        .map((r) => [r.y, r.x, r.y + r.height, r.x + r.width].join(' '));
      expect(got.sort(), `${w} x ${h}`).toEqual(expected.sort());
    }
  }, 60_000);
});
