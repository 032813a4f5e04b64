import Database from 'better-sqlite3';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listExperiments, storeExperiment } from '../../../src/main/engine/library/experiments.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { LATEST, migrate } from '../../../src/main/engine/library/schema.ts';
import { IS_MADE_BY_HAND, IS_PART_BY_HAND, IS_UNDONE_ANEW } from '../../../src/main/engine/sfm/made-by-hand.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

/** The schema of Covis 0.1.0. */
const RELEASED = 6;

const LADDER = {
  network: 'a network',
  preset: 'small',
  epochs: 2,
  tuples: 40,
  size: 320,
  seeds: 1,
  firstSeed: 0,
  rungs: [{ component: 'off the shelf', pooling: 'mac', whitening: false, map: { mean: 0.5, std: 0, values: [0.5] } }],
} as const;

/** A library as an older Covis left it. */
function older(name: string, version: number, fill: (db: Database.Database) => void): string {
  const path = join(folder, name);
  mkdirSync(path);
  const db = new Database(join(path, 'library.db'));
  migrate(db, version);
  fill(db);
  db.close();
  return path;
}

describe('a library of 0.1.0', () => {
  it('opens with its experiments, and takes kinds that it did not know', () => {
    const path = older('experiments', RELEASED, (db) => {
      db.prepare('INSERT INTO experiment (created, kind, folder, report) VALUES (?, ?, ?, ?)').run(
        '2026-01-01T00:00:00.000Z',
        'ladder',
        '/somewhere/photos/',
        JSON.stringify(LADDER),
      );
      expect(() =>
        db.prepare("INSERT INTO experiment (created, kind, folder, report) VALUES ('', 'another', '', '{}')").run(),
      ).toThrow(/CHECK/);
    });
    const library = Library.open(path);
    expect(listExperiments(library)).toEqual([
      { id: 1, created: '2026-01-01T00:00:00.000Z', kind: 'ladder', folder: 'photos', report: LADDER },
    ]);
    library.db
      .prepare("INSERT INTO experiment (created, kind, folder, report) VALUES ('', 'of-a-later-version', '', '{}')")
      .run();
    expect(storeExperiment(library, 'ladder', '', LADDER)).toBe(3);
    expect(listExperiments(library).map((e) => e.id)).toEqual([3, 1]);
    library.close();
  });

  it('keeps every row of every table', () => {
    const path = older('rows', RELEASED, (db) => {
      db.exec(`
        INSERT INTO scene (id, name, root, images) VALUES (1, 's', '/s', '/s/images');
        INSERT INTO photo (id, hash, width, height, orientation, bytes, place) VALUES (1, 'aa', 4, 3, 1, 9, 1), (2, 'bb', 4, 3, 1, 9, 1);
        INSERT INTO photo_file VALUES (1, 1, 'a.jpg', 0, 9), (2, 1, 'b.jpg', 0, 9);
        INSERT INTO cluster_all (id, uid, scene_id, name, source, place, points, observations, created) VALUES (1, 'cc', 1, 'c', '', 1, 5, 9, '');
        INSERT INTO view_all VALUES (1, 0, 1, 'a.jpg', 'null', 'null', 5), (1, 1, 2, 'b.jpg', 'null', 'null', 5);
        INSERT INTO pair_all VALUES (1, 0, 1, 4, 1.5);`);
    });
    const library = Library.open(path);
    const count = (table: string): unknown => library.db.prepare(`SELECT COUNT(*) FROM ${table}`).pluck().get();
    expect(['scene', 'photo', 'photo_file', 'cluster', 'view', 'pair'].map(count)).toEqual([1, 2, 2, 1, 2, 1]);
    expect(library.db.pragma('user_version', { simple: true })).toBe(LATEST);
    library.close();
  });
});

describe('the history of a cluster', () => {
  it('is looked up by the cluster, in older libraries, too', () => {
    const library = Library.open(older('history', LATEST - 1, () => undefined));
    for (const asked of [IS_MADE_BY_HAND, IS_PART_BY_HAND, IS_UNDONE_ANEW]) {
      const plan = library.db.prepare(`EXPLAIN QUERY PLAN SELECT ${asked} FROM cluster_all c`).all() as {
        detail: string;
      }[];
      const steps = plan.map((p) => p.detail).filter((d) => / k\b/.test(d));
      expect(steps).toEqual(['SEARCH k USING INDEX cluster_change_cluster (cluster_id=?)']);
    }
    library.close();
  });
});

describe('a report that is not what its kind says', () => {
  it('is refused with the experiment named', () => {
    const library = Library.create(join(folder, 'damaged'));
    const { rungs: _, ...rest } = LADDER;
    library.db
      .prepare("INSERT INTO experiment (created, kind, folder, report) VALUES ('', 'ladder', '', ?)")
      .run(JSON.stringify(rest));
    expect(() => listExperiments(library)).toThrow(/report of experiment 1/);
    library.close();
  });
});
