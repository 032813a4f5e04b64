import { describe, expect, it } from 'vitest';
import { GraphBuilder, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { appendPooling } from '../../../src/main/engine/network/pooling-heads.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { regionGrid } from '../../../src/main/engine/network/region-grid.ts';
import { poolRegions } from '../../../src/main/engine/retrieval/regions.ts';
import { random } from '../../../src/main/engine/library/random.ts';

/** A graph that pools a map of four channels. */
function pooling(kind: 'rmac' | 'rgem'): { graph: Graph; output: string } {
  const graph: Graph = {
    name: 'g',
    inputs: [{ name: 'x', type: 'float', dims: ['N', 4, 'H', 'W'] }],
    outputs: [],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  };
  const output = appendPooling(new GraphBuilder(graph, 'p'), 'x', 4, kind);
  graph.outputs.push({ name: output, type: 'float', dims: ['N', 4] });
  return { graph, output };
}

describe('regional pooling inside a network', () => {
  it.each(['rmac', 'rgem'] as const)(
    '%s sums the unit vectors of the grid of methods.md 1.5, for maps of every shape',
    async (kind) => {
      const { graph, output } = pooling(kind);
      const runner = await Runner.create(graph);
      const r = random(3);
      for (const [h, w] of [
        [12, 12],
        [24, 32],
        [32, 48],
        [20, 40],
        [8, 32],
        [40, 11],
        [9, 7],
        [3, 19],
        [1, 1],
        [2, 1],
      ] as const) {
        const data = Float32Array.from({ length: 4 * h * w }, () => r.next());
        const y = (await runner.run({ x: { dims: [1, 4, h, w], data } }))[output]!;
        const grid = regionGrid(w, h);
        const each = poolRegions({ data, channels: 4, height: h, width: w }, grid, kind === 'rmac' ? 'mac' : 3);
        for (let c = 0; c < 4; c += 1) {
          let sum = 0;
          for (let i = 0; i < grid.length; i += 1) sum += each[4 * i + c]!;
          expect(y[c], `${h} x ${w}`).toBeCloseTo(sum, 3);
        }
      }
      await runner.release();
    },
  );
});
