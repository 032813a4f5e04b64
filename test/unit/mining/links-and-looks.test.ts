import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { durably } from '../../../src/main/engine/mining/action-log.ts';
import { editClusters } from '../../../src/main/engine/mining/cluster-changes.ts';
import { decide, judgements } from '../../../src/main/engine/mining/decisions.ts';
import { NegativeSearch } from '../../../src/main/engine/mining/negative-search.ts';
import { separation } from '../../../src/main/engine/mining/separation.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { listClusters } from '../../../src/main/engine/sfm/clusters.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();

/** Unit vectors at these angles. */
const circle = (angles: readonly number[]): Float32Array =>
  Float32Array.from(angles.flatMap((a) => [Math.cos(a), Math.sin(a)]));
const everyone = {
  groupOf: (p: number) => p,
  foreign: (q: number, o: number) => q !== o,
  groups: 9,
  joined: () => false,
};

describe('what queries and their negatives have in common', () => {
  it('is counted among the nearest of each, of queries that are not in the pool, too', async () => {
    const r = random(4);
    // A hundred photos have five neighbours each.
    const angles = Array.from({ length: 100 }, () => r.between(0, 6));
    const asked = [...angles.slice(0, 4), ...Array.from({ length: 6 }, () => r.between(0, 6))];
    const ids = angles.map((_, i) => 10 + i);
    const queries = [...ids.slice(0, 4), 1, 2, 3, 4, 5, 6];
    const near = (angle: number, self: number): number[] =>
      ids
        .filter((id) => id !== self)
        .sort((a, b) => Math.cos(angles[b - 10]! - angle) - Math.cos(angles[a - 10]! - angle))
        .slice(0, 5);
    for (const searched of [true, false]) {
      const search = new NegativeSearch({ data: circle(angles), rows: 100, dim: 2 }, ids, everyone);
      const vectors = { data: circle(asked), rows: 10, dim: 2 };
      const found = await search.find(vectors, queries, 8, searched ? 'hardest' : 'random', random(1));
      const links = await search.links(vectors, queries, found);
      queries.forEach((query, q) => {
        for (const { row } of found[q]!) {
          const id = ids[row]!;
          const [a, b] = [near(asked[q]!, query), near(angles[row]!, id)];
          expect(links(query, id)).toEqual({
            links: a.filter((p) => b.includes(p)).length / 5,
            mutual: a.includes(id) && b.includes(query),
          });
        }
      });
      expect(links(1, 987)).toBeUndefined();
      await search.release();
    }
  });

  it('is that of each query also where some had to look further', async () => {
    const n = 400;
    const angles = Array.from({ length: n }, (_, i) => (i * 6) / n);
    const ids = angles.map((_, i) => i);
    // The second query has nothing foreign among the first 256.
    const apart = { ...everyone, foreign: (q: number, o: number) => (q === 1 ? o > 330 : o !== q) };
    const vectors = { data: circle([angles[0]!, angles[1]!, angles[200]!]), rows: 3, dim: 2 };
    const search = new NegativeSearch({ data: circle(angles), rows: n, dim: 2 }, ids, apart);
    const found = await search.find(vectors, [0, 1, 200], 2, 'hardest', random(0));
    const links = await search.links(vectors, [0, 1, 200], found);
    // Neighbours are the rows beside: 3 in a hundred are twelve, six on either side, or twelve on one.
    expect(found[0]!.map((x) => x.row)).toEqual([1, 2]);
    expect(links(0, 1)).toEqual({ links: 11 / 12, mutual: true });
    expect(links(200, found[2]![0]!.row)!.mutual).toBe(true);
    const fresh = new NegativeSearch({ data: circle(angles), rows: n, dim: 2 }, ids, apart);
    const again = await fresh.links(vectors, [0, 1, 200], found);
    for (const [q, query] of [0, 1, 200].entries())
      for (const { row } of found[q]!) expect(links(query, row)).toEqual(again(query, row));
    await search.release();
    await fresh.release();
  });

  it('is not looked for once the task is stopped', async () => {
    const stopped = {
      ...silentContext(),
      check: () => {
        throw cancelled();
      },
    };
    const pool = { data: circle([0, 1, 2]), rows: 3, dim: 2 };
    const search = new NegativeSearch(pool, [0, 1, 2], everyone, stopped);
    await expect(search.find(pool, [0, 1, 2], 1, 'hardest', random(0))).rejects.toMatchObject({ code: 'CANCELLED' });
    const one = [{ row: 1, similarity: 1, rank: 1 }];
    await expect(search.links(pool, [0, 1, 2], [one, one, one])).rejects.toMatchObject({ code: 'CANCELLED' });
    await search.release();
  });
});

describe('a decision', () => {
  it('is on the disk when it returns, and the rest is written as before', () => {
    const library = Library.create(join(folder, 'durable'));
    const synchronous = (): unknown => library.db.pragma('synchronous', { simple: true });
    const [NORMAL, FULL] = [1, 2];
    const before = synchronous();
    expect(before).toBe(NORMAL);
    expect(durably(library, synchronous)).toBe(FULL);
    expect(synchronous()).toBe(NORMAL);
    expect(() =>
      durably(library, () => {
        library.db.prepare("INSERT INTO scene (name, root, images) VALUES ('x', 'y', 'z')").run();
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(synchronous()).toBe(NORMAL);
    expect(library.db.prepare('SELECT COUNT(*) FROM scene').pluck().get()).toBe(0);
    library.close();
  });
});

describe('clusters of pairs that lists gave', () => {
  it('are merged without cameras, and keep their pairs', () => {
    const { library } = syntheticLibrary(join(folder, 'given'), {
      photos: 12,
      clusters: 3,
      dim: 2,
      pairsPerPhoto: 2,
      seed: 3,
    });
    const { db } = library;
    db.exec(
      "UPDATE cluster_all SET points = 0, observations = 0; UPDATE view_all SET pose = 'null', camera = 'null' WHERE cluster_id < 3",
    );
    for (const [c, q, p] of [
      [1, 0, 3],
      [1, 3, 1],
      [2, 2, 0],
    ])
      db.prepare('INSERT INTO given_pair_all (cluster_id, query_view, positive_view) VALUES (?, ?, ?)').run(c, q, p);
    const ids = listClusters(library).map((c) => c.id);
    const { clusters } = editClusters(library, { kind: 'merge', clusters: ids });
    const merged = db.prepare('SELECT id FROM cluster_all WHERE uid = ?').pluck().get(clusters[0]);
    const all = (sql: string): unknown[] => db.prepare(sql).raw().all(merged);
    expect(all('SELECT query_view, positive_view FROM given_pair WHERE cluster_id = ? ORDER BY 1, 2')).toEqual([
      [0, 3],
      [3, 1],
      [6, 4],
    ]);
    const poses = all('SELECT pose FROM view WHERE cluster_id = ? ORDER BY view_index') as [string][];
    expect(poses.map(([p]) => p === 'null')).toEqual([
      ...Array<boolean>(8).fill(true),
      ...Array<boolean>(4).fill(false),
    ]);
    library.close();
  });

  it('are split into parts, each with the pairs that lie in it', () => {
    const { library } = syntheticLibrary(join(folder, 'parts'), {
      photos: 10,
      clusters: 2,
      dim: 2,
      pairsPerPhoto: 4,
      seed: 5,
    });
    const { db } = library;
    db.exec("UPDATE cluster_all SET points = 0, observations = 0; UPDATE view_all SET pose = 'null', camera = 'null'");
    for (const [q, p] of [
      [0, 2],
      [2, 4],
      [1, 3],
      [3, 2],
    ])
      db.prepare('INSERT INTO given_pair_all (cluster_id, query_view, positive_view) VALUES (1, ?, ?)').run(q, p);
    const shared = db.prepare('SELECT shared FROM pair WHERE cluster_id = 1 AND a = ? AND b = ?').pluck();
    const expected = [shared.get(0, 2), shared.get(0, 4), shared.get(2, 4)];
    const whole = listClusters(library)[0]!;
    const { clusters } = editClusters(library, { kind: 'split', cluster: whole.id, views: [0, 2, 4] });
    const of = (uid: string, sql: string): unknown[] =>
      db.prepare(sql).raw().all(db.prepare('SELECT id FROM cluster_all WHERE uid = ?').pluck().get(uid));
    const parts = clusters.map((uid) => ({
      given: of(uid, 'SELECT query_view, positive_view FROM given_pair WHERE cluster_id = ? ORDER BY 1, 2'),
      pairs: of(uid, 'SELECT a, b, shared FROM pair WHERE cluster_id = ? ORDER BY 1, 2'),
      views: of(uid, 'SELECT photo_id FROM view WHERE cluster_id = ? ORDER BY view_index').flat(),
    }));
    const off = parts.find((p) => p.views.length === 3)!;
    const rest = parts.find((p) => p.views.length === 2)!;
    expect(off.given).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(off.pairs).toEqual([
      [0, 1, expected[0]],
      [0, 2, expected[1]],
      [1, 2, expected[2]],
    ]);
    expect(rest.given).toEqual([[0, 1]]);
    expect(rest.pairs.length).toBe(1);
    expect([off.views, rest.views]).toEqual([
      [1, 3, 5],
      [2, 4],
    ]);
    library.close();
  });
});

describe('a photo of no model that shows the objects of two places', () => {
  it('is foreign to neither, in whatever order that was said, and the places stay two', () => {
    const { library } = syntheticLibrary(join(folder, 'two'), {
      photos: 12,
      clusters: 3,
      dim: 2,
      pairsPerPhoto: 2,
      distractors: 2,
      seed: 6,
    });
    const [a, b, c] = [1, 5, 9];
    const [loose, other] = [13, 14];
    decide(library, 'x', [
      { query: loose, other: a, aspect: 'negative', verdict: 'same-object' },
      { query: b, other: loose, aspect: 'negative', verdict: 'same-object' },
    ]);
    const apart = separation(library, judgements(library));
    const foreign = (photo: number): boolean[] => [a, b, c].map((p) => apart.foreign(p, photo));
    expect([foreign(loose), foreign(other)]).toEqual([
      [false, false, true],
      [true, true, true],
    ]);
    expect([apart.foreign(a, b), apart.foreign(loose, a + 1), apart.foreign(loose, b + 1)]).toEqual([
      true,
      false,
      false,
    ]);
    library.close();
  });
});
