import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentContext } from '../../../src/main/engine/jobs/context.ts';
import { readNpy, writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { DEFAULT_MINING } from '../../../src/main/engine/mining/candidates.ts';
import { mineTuples, storeMiningRun } from '../../../src/main/engine/mining/mine.ts';
import { hardestNegatives } from '../../../src/main/engine/mining/negatives.ts';
import { tuplePage } from '../../../src/main/engine/mining/runs.ts';
import { splitPlaces } from '../../../src/main/engine/mining/split.ts';
import { extract, loadDescriptors } from '../../../src/main/engine/network/extract.ts';
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

describe('hardest negatives', () => {
  it("are of different places, none the query's, hardest first, and none harder was passed over", () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const r = random(seed);
      const pool = randomUnit(60, 8, seed);
      const places = Array.from({ length: 60 }, () => r.below(9));
      const query = pool.data.subarray(0, 8);
      const got = hardestNegatives(pool, places, query, places[0]!, 5);
      const scores = similarities(pool, query);
      expect(got.length).toBe(5);
      const taken = got.map((n) => places[n.row]!);
      expect(new Set([...taken, places[0]]).size).toBe(6);
      got.forEach((n, i) => {
        const before = new Set([places[0], ...taken.slice(0, i)]);
        const best = Math.max(...Array.from(scores).filter((_, k) => !before.has(places[k]!)));
        expect(n.similarity).toBe(best);
      });
    }
  });

  it('are fewer where there are fewer foreign places', () => {
    const pool = randomUnit(6, 4, 1);
    expect(hardestNegatives(pool, [1, 1, 2, 2, 3, 3], pool.data.subarray(0, 4), 1, 5).length).toBe(2);
    expect(hardestNegatives(pool, [1, 1, 1, 1, 1, 1], pool.data.subarray(0, 4), 1, 5)).toEqual([]);
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
    const mined = mineTuples(library, set, training, parameters, 5);
    expect(mineTuples(library, set, training, parameters, 5)).toEqual(mined);
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
    const run = storeMiningRun(library, mined, { networkId: network.id, size: 128, seed: 5, parameters });
    const page = tuplePage(library, run, 10, 7);
    expect(page.total).toBe(30);
    expect(page.tuples.map((t) => t.index)).toEqual([10, 11, 12, 13, 14, 15, 16]);
    const cluster = page.tuples[0]!.cluster;
    const filtered = tuplePage(library, run, 0, 100, cluster);
    expect(filtered.tuples.every((t) => t.cluster === cluster)).toBe(true);
    expect(filtered.total).toBe(filtered.tuples.length);
    library.close();
  });

  it('goes on after a crash between the two files of a descriptor set', async () => {
    const library = await smallLibrary(join(folder, 'crash'));
    const network = ensureDefaultNetwork(library);
    const whole = await extract(library, network, 96, silentContext());
    const ids = library.file('descriptors', `${network.uid}-96.ids.npy`);
    const { data } = readNpy(ids);
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
    expect(() =>
      mineTuples(library, set, splitPlaces(library, 0).training, { ...DEFAULT_MINING, minShared: 90000 }, 0),
    ).toThrow(/No two photos share 90000 points/);
    library.close();
  });
});
