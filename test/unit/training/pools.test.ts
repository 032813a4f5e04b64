import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { decide } from '../../../src/main/engine/mining/decisions.ts';
import { listMiningRuns } from '../../../src/main/engine/mining/runs.ts';
import { readTuples } from '../../../src/main/engine/mining/tuples.ts';
import { extract } from '../../../src/main/engine/retrieval/extract.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { projectNetwork } from '../../../src/main/engine/network/linear-head.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { drawFromPools, readPools } from '../../../src/main/engine/training/pool-tuples.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const SIZE = 96;
let library: Library;
let run: number;
beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
  const report = await WORK.mine.run(
    library,
    { size: SIZE, manifold: { anchors: 'all', k: 8, positivesK: 6, negativesK: 20 } },
    silentContext(),
  );
  expect(report.tuples).toBeGreaterThan(5);
  run = report.run;
}, 60_000);
afterAll(() => library.close());

const placeOf = (photo: number): number =>
  library.db.prepare('SELECT place FROM photo WHERE id = ?').pluck().get(photo) as number;

describe('pools of a manifold run', () => {
  it('are stored whole and drawn as the recipe says', async () => {
    const network = ensureDefaultNetwork(library);
    const set = await extract(library, network, SIZE, silentContext());
    const { pools, parameters } = readPools(library, run);
    expect(parameters).toMatchObject({ positives: 'manifold', k: 8 });
    const drawn = drawFromPools(pools, set, 300, 2, 7);
    expect(drawFromPools(pools, set, 300, 2, 7)).toEqual(drawn);
    const of = new Map(pools.map((p) => [p.anchor, p]));
    const rows = new Map(Array.from(set.ids, (id, i) => [id, set.data.subarray(i * set.dim, (i + 1) * set.dim)]));
    const cosine = (a: number, b: number): number => rows.get(a)!.reduce((s, x, k) => s + x * rows.get(b)![k]!, 0);
    for (const t of drawn.tuples) {
      const pool = of.get(t.pair.query)!;
      expect(pool.positives.map((p) => p.photo)).toContain(t.pair.other);
      const nearest = [...pool.negatives]
        .sort((a, b) => cosine(t.pair.query, b) - cosine(t.pair.query, a))
        .slice(0, 10);
      for (const n of t.negatives) expect(nearest).toContain(n.photo);
      expect(t.weight).toBeGreaterThan(0);
    }
    expect(new Set(drawn.tuples.map((t) => t.pair.query)).size).toBeGreaterThan(pools.length / 2);
    const [first] = readTuples(library, run, [0]);
    expect(first!.alternatives[0]!.photo).toBe(first!.positive);
    expect(first!.alternatives.every((a) => a.weight !== null && a.weight > 0)).toBe(true);
  });

  it('train a projected network with the weighted triplet loss, and leave out what was refused', async () => {
    const network = projectNetwork(library, ensureDefaultNetwork(library), 16, 1);
    expect(network.spec.dim).toBe(16);
    const set = await extract(library, network, SIZE, silentContext());
    for (let i = 0; i < set.ids.length; i += 1)
      expect(Math.hypot(...set.data.subarray(16 * i, 16 * i + 16))).toBeCloseTo(1, 4);
    expect(() => projectNetwork(library, network, 8, 1)).toThrow(/already ends in a projection/);
    const [pool] = readPools(library, run).pools;
    decide(library, 'test', [
      { query: pool!.anchor, other: pool!.positives[0]!.photo, aspect: 'positive', verdict: 'reject' },
    ]);
    const left = readPools(library, run).pools.find((p) => p.anchor === pool!.anchor);
    expect(left?.positives.map((p) => p.photo) ?? []).not.toContain(pool!.positives[0]!.photo);
    const other = readPools(library, run).pools.find((p) => p.negatives.some((n) => placeOf(n) !== placeOf(p.anchor)))!;
    const wrong = other.negatives.find((n) => placeOf(n) !== placeOf(other.anchor))!;
    decide(library, 'test', [{ query: other.anchor, other: wrong, aspect: 'negative', verdict: 'same-object' }]);
    // One word on two photos holds for all photos of their places.
    const places = new Set([placeOf(other.anchor), placeOf(wrong)]);
    for (const p of readPools(library, run).pools)
      for (const n of p.negatives)
        if (placeOf(n) !== placeOf(p.anchor))
          expect(places.has(placeOf(n)) && places.has(placeOf(p.anchor))).toBe(false);
    const trained = await WORK.train.run(
      library,
      {
        network: network.uid,
        size: SIZE,
        pools: run,
        loss: 'triplet',
        optimiser: 'sgd',
        margin: 0.5,
        learningRate: 1e-3,
        epochs: 2,
        queriesPerEpoch: 24,
        batch: 8,
        mining: { count: 1 },
      },
      silentContext(),
    );
    expect(trained.tuples).toBe(48);
    expect(trained.epochs[1]!.loss).toBeLessThan(trained.epochs[0]!.loss);
    expect(listMiningRuns(library)[0]).toMatchObject({ epoch: 2, parameters: { positives: 'manifold' } });
  }, 60_000);

  it('are not expected of a geometry run', async () => {
    const geometry = await WORK.mine.run(library, { size: SIZE, mining: { queries: 5 } }, silentContext());
    expect(() => readPools(library, geometry.run)).toThrow(/mined from geometry/);
  });
});
