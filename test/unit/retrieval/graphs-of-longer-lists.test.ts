import { expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { breadthFirst, mutualGraph, rearranged } from '../../../src/main/engine/retrieval/graph.ts';
import { shorter } from '../../../src/main/engine/retrieval/kept-neighbours.ts';
import { Cosines } from '../../../src/main/engine/retrieval/cosines.ts';
import { exactNeighbours } from '../../../src/main/engine/retrieval/neighbours.ts';
import { normaliseRows, similarities, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';

function drawn(rows: number, dim: number, seed: number): Matrix {
  const r = random(seed);
  return normaliseRows(
    { data: Float32Array.from({ length: rows * dim }, () => r.next() - 0.4), rows, dim },
    'drawn rows',
  );
}

it('the mutual graph is the one of the definition, also of the beginnings of longer lists', async () => {
  const m = drawn(160, 6, 3);
  const lists = await exactNeighbours(m, m, 24);
  for (const k of [1, 2, 7, 16, 24]) {
    const g = mutualGraph(lists, 3, k);
    expect(g).toEqual(mutualGraph(shorter(lists, k), 3));
    const among = (i: number): Set<number> => new Set(lists.ids.subarray(24 * i, 24 * i + k));
    for (let i = 0; i < m.rows; i += 1) {
      const mine = among(i);
      const wanted = [...mine].filter((j) => j !== i && among(j).has(i)).sort((a, b) => a - b);
      const of = g.columns.subarray(g.starts[i], g.starts[i + 1]);
      const cosines = similarities(m, m.data.subarray(6 * i, 6 * i + 6));
      expect(Array.from(of)).toEqual(wanted.filter((j) => cosines[j]! > 0));
      of.forEach((j, e) => expect(g.values[g.starts[i]! + e]).toBeCloseTo(cosines[j]! ** 3, 6));
    }
  }
});

it('a graph in another order has the same edges', async () => {
  const m = drawn(90, 5, 4);
  const g = mutualGraph(await exactNeighbours(m, m, 9), 1);
  const order = breadthFirst(g);
  const place = new Uint32Array(g.nodes);
  order.forEach((node, i) => (place[node] = i));
  const r = rearranged(g, order, place);
  for (let i = 0; i < g.nodes; i += 1) {
    const edges = (of: typeof g, at: number): [number, number][] =>
      Array.from(of.columns.subarray(of.starts[at], of.starts[at + 1]), (c, e) => [c, of.values[of.starts[at]! + e]!]);
    expect(edges(r, place[i]!).map(([c, v]) => [order[c], v])).toEqual(edges(g, i));
  }
});

it('many queries at once are one after the other, also where the rows are more than a block', async () => {
  const m = drawn(900, 120, 5);
  const [once, all] = [await Cosines.create(m), await Cosines.create(m)];
  const queries = [0, 17, 450, 899, 17];
  for (const q of queries) once.take(q);
  all.takeAll(queries);
  expect(Array.from(all.best)).toEqual(Array.from(once.best));
});

it('inner products are those of the definition for any number of dimensions', () => {
  for (const dim of [1, 2, 3, 4, 5, 7, 8, 63]) {
    const m = drawn(20, dim, dim);
    const q = m.data.slice(0, dim);
    similarities(m, q).forEach((v, i) => {
      let sum = 0;
      for (let k = 0; k < dim; k += 1) sum += m.data[i * dim + k]! * q[k]!;
      expect(v).toBeCloseTo(sum, 6);
    });
  }
});

it('rows are kept once where the kernel has them as they are, and are the same', async () => {
  const m = drawn(12, 32, 6);
  const c = await Cosines.create(m);
  expect(c.matrix).toEqual(m);
  expect(Array.from(c.with(c.matrix!.data.slice(64, 96)))).toEqual(Array.from(c.with(m.data.slice(64, 96))));
  expect((await Cosines.create(drawn(12, 30, 6))).matrix).toBeUndefined();
});
