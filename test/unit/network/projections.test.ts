import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { hasLinearLayer } from '../../../src/main/engine/network/head.ts';
import { addLinearLayer, projectNetwork } from '../../../src/main/engine/network/linear-head.ts';
import { ensureDefaultNetwork, loadNetwork } from '../../../src/main/engine/network/networks.ts';
import { temporaryFolder } from '../../support/folders.ts';

const library = Library.create(join(temporaryFolder(), 'library'));
afterAll(() => library.close());
const start = ensureDefaultNetwork(library);

describe('a projection', () => {
  it('has normal weights of variance one over the inputs, drawn by the seed, and no bias', () => {
    const from = start.spec.dim;
    const made = projectNetwork(library, start, 3, 5);
    expect([made.spec.name, made.spec.dim]).toEqual([`${start.spec.name} → 3`, 3]);
    expect(made.spec.origin).toBe(`${start.spec.origin}; projected to 3 dimensions, seed 5`);
    expect(library.db.prepare('SELECT parent FROM network WHERE uid = ?').pluck().get(made.uid)).toBe(start.uid);
    const { graph } = loadNetwork(library, made);
    const weight = graph.initializers.get('projection/weight')!;
    expect(weight.dims).toEqual([from, 3]);
    // Box and Muller: the root of -2 ln u, times the cosine of a whole turn's share.
    const r = random(5);
    const expected = Array.from({ length: 3 * from }, () => {
      const [u, v] = [r.next(), r.next()];
      return (Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v)) / Math.sqrt(from);
    });
    expected.forEach((x, i) => expect(weight.data[i]).toBeCloseTo(x, 6));
    const bias = graph.initializers.get('projection/bias')!;
    expect([bias.dims, [...bias.data]]).toEqual([[3], [0, 0, 0]]);
    expect(graph.outputs).toEqual([{ name: 'descriptor', type: 'float', dims: ['N', 3] }]);
    expect([
      ...loadNetwork(library, projectNetwork(library, start, 3, 6)).graph.initializers.get('projection/weight')!.data,
    ]).not.toEqual([...weight.data]);
    // One is enough.
    expect(() => projectNetwork(library, made, 2, 0)).toThrow(
      expect.objectContaining({
        code: 'INPUT_INVALID',
        message: `${start.spec.name} → 3 already ends in a projection`,
      }),
    );
  });

  it('goes to one dimension at least and to as many as there are at most', () => {
    const from = start.spec.dim;
    for (const dim of [0, -1, 1.5, from + 1])
      expect(() => projectNetwork(library, start, dim, 0)).toThrow(
        expect.objectContaining({
          code: 'INPUT_INVALID',
          message: `A projection goes to 1 to ${from} dimensions, not ${dim}`,
        }),
      );
    expect(projectNetwork(library, start, 1, 0).spec.dim).toBe(1);
    expect(projectNetwork(library, start, from, 0).spec.dim).toBe(from);
  });

  it('or a whitening is told by its weights, and leaves the network that it stands behind as it was', () => {
    const { graph } = loadNetwork(library, start);
    const names = graph.nodes.map((n) => n.name);
    const inputs = [...graph.initializers.keys()];
    const layer = {
      from: start.spec.dim,
      to: 2,
      weight: new Float32Array(2 * start.spec.dim),
      bias: Float32Array.of(3, 4),
    };
    expect(hasLinearLayer(graph)).toBe(false);
    for (const name of ['projection', 'whitening'] as const) {
      const added = addLinearLayer(graph, name, layer);
      expect(hasLinearLayer(added)).toBe(true);
      expect([...added.initializers.get(`${name}/bias`)!.data]).toEqual([3, 4]);
      expect(new Set(added.nodes.map((n) => n.name)).size).toBe(added.nodes.length);
      const product = added.nodes.find((n) => n.op === 'Gemm' && n.inputs[1] === `${name}/weight`)!;
      expect(product.inputs).toEqual([`${name}/input`, `${name}/weight`, `${name}/bias`]);
      expect(added.nodes.filter((n) => n.outputs.includes('descriptor')).length).toBe(1);
    }
    expect(graph.nodes.map((n) => n.name)).toEqual(names);
    expect([...graph.initializers.keys()]).toEqual(inputs);
    expect(graph.outputs).toEqual([{ name: 'descriptor', type: 'float', dims: ['N', start.spec.dim] }]);
  });
});
