import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { readNpy, writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { DEFAULT_MINING } from '../../../src/main/engine/mining/candidates.ts';
import { mineTuples } from '../../../src/main/engine/mining/mine.ts';
import {
  hardestNegatives,
  randomNegatives,
  type Foreign,
  type Negative,
} from '../../../src/main/engine/mining/negatives.ts';
import { storeMiningRun } from '../../../src/main/engine/mining/runs.ts';
import { TupleLists } from '../../../src/main/engine/mining/tuples.ts';
import { splitPlaces } from '../../../src/main/engine/mining/split.ts';
import { extract, loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
import { forgetStored } from '../../../src/main/engine/library/stored.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { l2Normalise } from '../../../src/main/engine/network/pooling.ts';
import { rankByScore, similarities, type Matrix } from '../../../src/main/engine/retrieval/rank.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();

function randomUnit(rows: number, dim: number, seed: number): Matrix {
  const r = random(seed);
  const data = new Float32Array(rows * dim);
  for (let i = 0; i < rows; i += 1) {
    for (let k = 0; k < dim; k += 1) data[i * dim + k] = r.next() - 0.3;
    l2Normalise(data.subarray(i * dim, (i + 1) * dim));
  }
  return { data, rows, dim };
}

const anyGroup = (places: readonly number[], own: number): Foreign => ({
  allowed: (i) => places[i] !== own,
  groupOf: (i) => places[i]!,
});
const walk = (
  pool: Matrix,
  places: readonly number[],
  own: number,
  count: number,
  strategy: 'hardest' | 'one-per-cluster',
): Negative[] => {
  const scores = similarities(pool, pool.data.subarray(0, pool.dim));
  const ids = rankByScore(scores);
  return hardestNegatives(
    ids,
    Array.from(ids, (i) => scores[i]!),
    anyGroup(places, own),
    count,
    strategy,
  );
};

describe('hardest negatives', () => {
  it("are of different places, none the query's, hardest first, and none harder was passed over", () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const r = random(seed);
      const pool = randomUnit(60, 8, seed);
      const places = Array.from({ length: 60 }, () => r.below(9));
      const got = walk(pool, places, places[0]!, 5, 'one-per-cluster');
      const scores = similarities(pool, pool.data.subarray(0, 8));
      expect(got.length).toBe(5);
      const taken = got.map((n) => places[n.row]!);
      expect(new Set([...taken, places[0]]).size).toBe(6);
      got.forEach((n, i) => {
        const before = new Set([places[0], ...taken.slice(0, i)]);
        const best = Math.max(...Array.from(scores).filter((_, k) => !before.has(places[k]!)));
        expect(n.similarity).toBe(best);
        expect(n.rank).toBe(1 + Array.from(rankByScore(scores)).indexOf(n.row));
      });
      const plain = walk(pool, places, places[0]!, 5, 'hardest');
      const foreign = Array.from(rankByScore(scores)).filter((i) => places[i] !== places[0]);
      expect(plain.map((n) => n.row)).toEqual(foreign.slice(0, 5));
    }
  });

  it('are fewer where there are fewer foreign places', () => {
    const pool = randomUnit(6, 4, 1);
    expect(walk(pool, [1, 1, 2, 2, 3, 3], 1, 5, 'one-per-cluster').length).toBe(2);
    expect(walk(pool, [1, 1, 2, 2, 3, 3], 1, 5, 'hardest').length).toBe(4);
    expect(walk(pool, [1, 1, 1, 1, 1, 1], 1, 5, 'one-per-cluster')).toEqual([]);
  });

  it('at random are foreign, different, and all there are when so many are wanted', () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const places = Array.from({ length: 30 }, (_, i) => i % 4);
      const got = randomNegatives(30, (i) => -i, anyGroup(places, 1), 40, random(seed));
      expect(got.map((n) => n.row)).toEqual(places.flatMap((p, i) => (p === 1 ? [] : [i])));
      const some = randomNegatives(30, (i) => i % 7, anyGroup(places, 2), 6, random(seed));
      expect(new Set(some.map((n) => n.row)).size).toBe(6);
      expect(some.every((n) => places[n.row] !== 2)).toBe(true);
    }
    const drawn = new Set(
      Array.from({ length: 200 }, (_, seed) =>
        randomNegatives(30, () => 0, anyGroup(new Array<number>(30).fill(0), 1), 1, random(seed)).map((n) => n.row),
      ).flat(),
    );
    expect(drawn.size).toBeGreaterThan(25);
  });

  it('break ties by the lower row', () => {
    expect(Array.from(rankByScore(Float32Array.of(0.5, 0.9, 0.5, 0.9)))).toEqual([1, 3, 0, 2]);
  });
});

describe('mining the sample', () => {
  it('draws tuples that keep every rule, the same for the same seed, and stores them', async () => {
    const library = await smallLibrary(join(folder, 'library'));
    const network = ensureDefaultNetwork(library);
    const set = await extract(library, network, 128, silentContext());
    const again = await extract(library, network, 128, silentContext());
    expect(again.computed).toBe(0);
    const { training } = splitPlaces(library, 0);
    const parameters = { ...DEFAULT_MINING, queries: 30 };
    const mined = await mineTuples(library, set, training, parameters, 5);
    expect(await mineTuples(library, set, training, parameters, 5)).toEqual(mined);
    expect(mined.tuples.length).toBe(30);
    expect(mined.warnings.join()).toContain('instead of 5 negatives');
    const place = new Map(
      (library.db.prepare('SELECT id, place FROM photo').all() as { id: number; place: number }[]).map((p) => [
        p.id,
        p.place,
      ]),
    );
    for (const t of mined.tuples) {
      expect(t.pair.query).not.toBe(t.pair.other);
      expect(place.get(t.pair.query)).toBe(place.get(t.pair.other));
      expect(t.pair.shared).toBeGreaterThanOrEqual(30);
      expect(t.pair.overlap).toBeGreaterThanOrEqual(0.2);
      expect(t.pair.scale).toBeLessThanOrEqual(1.5);
      expect(t.negatives.every((n) => place.get(n.photo) !== place.get(t.pair.query) && training.has(n.photo))).toBe(
        true,
      );
    }
    const run = storeMiningRun(library, mined, {
      networkId: network.id,
      set: `${network.uid}-128`,
      setName: network.spec.name,
      size: 128,
      seed: 5,
      parameters,
    });
    const lists = new TupleLists(library);
    const all = await lists.open({ run, filter: {}, sort: 'mined' });
    expect(all.total).toBe(30);
    const page = lists.page(all.list, 10, 7);
    expect(page.tuples.map((t) => t.index)).toEqual([10, 11, 12, 13, 14, 15, 16]);
    const cluster = page.tuples[0]!.cluster;
    const filtered = await lists.open({ run, filter: { cluster }, sort: 'hardest' });
    const shown = lists.page(filtered.list, 0, 100).tuples;
    expect(shown.length).toBe(filtered.total);
    expect(shown.every((t) => t.cluster === cluster)).toBe(true);
    const hardness = shown.map((t) => t.negatives[0]!.similarity);
    expect(hardness).toEqual([...hardness].sort((x, y) => y - x));
    library.close();
  });

  it('goes on after a crash between the two files of a descriptor set', async () => {
    const library = await smallLibrary(join(folder, 'crash'));
    const network = ensureDefaultNetwork(library);
    const whole = await extract(library, network, 96, silentContext());
    const ids = library.file('descriptors', `${network.uid}-96.ids.npy`);
    const { data } = readNpy(ids);
    // What is about to be written over is forgotten first.
    forgetStored(library, [ids]);
    writeNpy(ids, (data as Uint8Array).slice(0, 16 * 40), [40, 16]);
    expect(loadDescriptors(library, network, 96).ids.length).toBe(40);
    const again = await extract(library, network, 96, silentContext());
    expect(again.computed).toBe(whole.ids.length - 40);
    expect(again.ids).toEqual(whole.ids);
    expect(again.data).toEqual(whole.data);
    library.close();
  });

  it('says what to do when no pair qualifies', async () => {
    const library = await smallLibrary(join(folder, 'none'));
    const set = await extract(library, ensureDefaultNetwork(library), 96, silentContext());
    await expect(
      mineTuples(library, set, splitPlaces(library, 0).training, { ...DEFAULT_MINING, minShared: 90000 }, 0),
    ).rejects.toThrow(/No two photos share 90000 points/);
    library.close();
  });
});
