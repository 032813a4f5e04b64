import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { graphAround } from '../../../src/main/engine/retrieval/graph-around.ts';
import { GraphCache } from '../../../src/main/engine/retrieval/graph-cache.ts';
import { keptNeighbours, type NeighbourStore } from '../../../src/main/engine/retrieval/kept-neighbours.ts';
import { exactNeighbours, type Neighbours } from '../../../src/main/engine/retrieval/neighbours.ts';
import { dot, normaliseRows, row, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';
import { SearchSession } from '../../../src/main/engine/search/session.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SYNTHETIC_PIXELS, syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
const K = 7;

function drawn(rows: number, dim: number, seed: number): Matrix {
  const r = random(seed);
  return normaliseRows({ data: Float32Array.from({ length: rows * dim }, () => r.between(-1, 1)), rows, dim }, 'x');
}

/** The mutual graph by its definition: weights by "row row". */
function mutual(m: Matrix, k: number): Map<string, number> {
  const cosine = (i: number, j: number): number => Math.fround(dot(row(m, i), row(m, j)));
  const near = Array.from({ length: m.rows }, (_, i) =>
    Array.from({ length: m.rows }, (_, j) => j)
      .sort((a, b) => cosine(i, b) - cosine(i, a) || a - b)
      .slice(0, k),
  );
  const out = new Map<string, number>();
  near.forEach((of, i) =>
    of.forEach((j) => {
      if (j !== i && near[j]!.includes(i) && cosine(i, j) > 0) out.set(`${i} ${j}`, cosine(i, j) ** 3);
    }),
  );
  return out;
}

async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await what())) await rest(5);
}

describe('the part of a graph around one row', () => {
  it('has the edges of the whole graph among its rows, and no others', async () => {
    const m = drawn(120, 6, 3);
    const part = await graphAround(m, 17, { count: 40, k: K, gamma: 3 });
    const nearest = Array.from({ length: 120 }, (_, i) => i)
      .sort((a, b) => dot(row(m, 17), row(m, b)) - dot(row(m, 17), row(m, a)))
      .slice(0, 40);
    expect([...part.rows]).toEqual(nearest.sort((a, b) => a - b));
    const inside = new Set(nearest);
    const expected = [...mutual(m, K)].filter(([pair]) => pair.split(' ').every((i) => inside.has(Number(i))));
    const { starts, columns, values } = part.graph;
    const found = new Map<string, number>();
    for (let i = 0; i < 120; i += 1)
      for (let e = starts[i]!; e < starts[i + 1]!; e += 1) found.set(`${i} ${columns[e]}`, values[e]!);
    expect([...found.keys()].sort()).toEqual(expected.map(([pair]) => pair).sort());
    expect(found.size).toBeGreaterThan(20);
    for (const [pair, weight] of expected) expect(found.get(pair)).toBeCloseTo(weight, 5);
  });

  it('is diffused in as the graph of its rows alone, with nothing outside', async () => {
    const m = drawn(60, 4, 5);
    const [self, o] = [8, { alpha: 0.9, iterations: 200, tolerance: 1e-12 }];
    const part = await graphAround(m, self, { count: 25, k: K, gamma: 3 });
    let f: number[] = [];
    part.conjugateGradients([{ ids: [self], values: [1] }], o, (_, scores) => (f = [...scores]));
    // (I − αS) f = y, row by row.
    const weight = new Map<string, number>();
    for (const [pair, w] of mutual(m, K)) {
      const [i, j] = pair.split(' ').map(Number) as [number, number];
      if (part.rows.includes(i) && part.rows.includes(j)) weight.set(pair, w);
    }
    const degree = (i: number): number => [...weight].reduce((n, [p, w]) => (p.startsWith(`${i} `) ? n + w : n), 0);
    for (let i = 0; i < 60; i += 1) {
      let sum = f[i]!;
      for (const [pair, w] of weight) {
        const [a, b] = pair.split(' ').map(Number) as [number, number];
        if (a === i) sum -= (o.alpha * w * f[b]!) / Math.sqrt(degree(a) * degree(b));
      }
      expect(sum).toBeCloseTo(i === self ? 1 : 0, 5);
      if (!part.rows.includes(i)) expect(f[i]).toBe(0);
    }
  });

  it('has the row itself where more are exactly alike than it holds', async () => {
    const m = { data: Float32Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? 1 : 0)), rows: 30, dim: 2 };
    const part = await graphAround(m, 29, { count: 5, k: 3, gamma: 3 });
    expect(part.rows).toContain(29);
  });
});

describe('neighbours that are found meanwhile', () => {
  const m = drawn(50, 5, 1);
  const kept = (): { store: NeighbourStore; written: Neighbours[] } => {
    const written: Neighbours[] = [];
    return { written, store: { read: (k) => written.findLast((l) => l.k >= k), write: (l) => written.push(l) } };
  };

  it('are those of the exact search, kept, and asked for no second time by less', async () => {
    const { store, written } = kept();
    const cache = new GraphCache(m, store);
    expect(await cache.graphThere(9, 3)).toBeUndefined();
    expect(cache.meanwhile(9)).toMatchObject({ of: 50, ready: false });
    await until(() => cache.meanwhile(9).ready);
    expect(cache.meanwhile(9).done).toBe(50);
    expect(written.length).toBe(1);
    expect(written[0]).toEqual(await exactNeighbours(m, m, 9));
    const again = new GraphCache(m, store);
    const exact = await exactNeighbours(m, m, 4);
    expect(await again.neighbours(4)).toEqual(exact);
    expect((await again.graphThere(4, 3))?.a).toEqual((await new GraphCache(m).graph(4, 3)).a);
    expect(written.length).toBe(1);
    expect(await again.graphThere(10, 3)).toBeUndefined();
  });

  it('are as many as others will ask for, where they are kept', async () => {
    const { store, written } = kept();
    const cache = new GraphCache(m, { ...store, least: 20 });
    expect(await cache.neighbours(6)).toEqual(await exactNeighbours(m, m, 6));
    expect(written).toEqual([await exactNeighbours(m, m, 20)]);
    expect(await new GraphCache(m, store).neighbours(20)).toEqual(written[0]);
    expect(written.length).toBe(1);
    // More are asked for than there would be.
    expect((await new GraphCache(m, { ...store, least: 20 }).neighbours(70)).k).toBe(50);
  });

  it('end when the search does, and are not kept then', async () => {
    const { store, written } = kept();
    const cache = new GraphCache(drawn(4000, 5, 2), store);
    cache.meanwhile(5);
    await cache.end();
    expect(written).toEqual([]);
  });

  it('tell once why there are none, and are then tried again', async () => {
    let full = true;
    const cache = new GraphCache(m, {
      read: () => undefined,
      write: () => {
        if (full) throw new Error('full');
      },
    });
    cache.meanwhile(3);
    let told: unknown;
    await until(() => {
      try {
        return cache.meanwhile(3).ready;
      } catch (error) {
        told = error;
        return true;
      }
    });
    expect(told).toEqual(new Error('full'));
    full = false;
    await until(() => cache.meanwhile(3).ready);
  });
});

describe('a photo on the manifold of a large library', () => {
  const made = syntheticLibrary(join(folder, 'library'), {
    ...{ photos: 320, clusters: 10, dim: 6, pairsPerPhoto: 2, seed: 4 },
  });
  const { library, network } = made;
  const key = `${network.uid}-${SYNTHETIC_PIXELS}`;
  const file = library.file('descriptors', `${key}.neighbours.bin`);
  const photo = library.db.prepare('SELECT hash FROM photo WHERE id = 5').pluck().get() as string;
  const asked = { photo, set: key, k: K };

  it('is shown at once among the nearest, without saying who is hard, and then among all', async () => {
    const whole = await new SearchSession(library).around(asked);
    expect(whole.part).toBeNull();
    expect(existsSync(file)).toBe(false);
    const session = new SearchSession(library, 1000);
    const first = await session.around(asked);
    expect(first.part).toEqual({ photos: 200, of: 320 });
    expect([first.positives, first.negatives]).toEqual([[], []]);
    expect(first.euclidean.map((n) => [n.photo, n.similarity, n.role])).toEqual(
      whole.euclidean.map((n) => [n.photo, n.similarity, null]),
    );
    expect(first.nodes[0]).toEqual({ photo, steps: 0 });
    expect(first.nodes.length).toBeGreaterThan(1);
    await until(async () => (await session.graph({ set: key, k: K })).ready);
    expect(await session.around(asked)).toEqual(whole);
  });

  it('is shown among all at once by the next program, of the neighbours that are kept', async () => {
    const whole = await new SearchSession(library).around(asked);
    expect(await new SearchSession(library, 1000).around(asked)).toEqual(whole);
    expect((await new SearchSession(library, 1000).graph({ set: key, k: 5 })).ready).toBe(true);
    // Diffusion asks for 50, which are there, too.
    const diffusion = await new SearchSession(library, 1000).search({
      ...asked,
      method: 'cg',
      top: 5,
      ranking: { k: 50 },
    });
    expect(diffusion.hits.length).toBe(5);
    expect((await new SearchSession(library, 1000).graph({ set: key, k: 50 })).ready).toBe(true);
    const more = new SearchSession(library, 1000);
    expect((await more.around({ ...asked, k: 51 })).part).not.toBeNull();
    await until(async () => (await more.graph({ set: key, k: 51 })).ready);
  });

  it('trusts no neighbours that are damaged, or of other descriptors', async () => {
    const sound = readFileSync(file);
    const m = { data: new Float32Array(320 * 6), rows: 320, dim: 6 };
    expect(keptNeighbours(library, key, m).read(K)).toBeUndefined();
    for (const bytes of [
      sound.subarray(0, sound.length - 1),
      sound.subarray(0, 20),
      Buffer.alloc(0),
      Buffer.from(sound).fill(sound[1000]! ^ 1, 1000, 1001),
    ]) {
      writeFileSync(file, bytes);
      const session = new SearchSession(library, 1000);
      expect((await session.around(asked)).part).not.toBeNull();
      // They are found again, and kept.
      await until(async () => (await session.graph({ set: key, k: K })).ready);
      expect((await new SearchSession(library, 1000).around(asked)).part).toBeNull();
    }
  });
});
