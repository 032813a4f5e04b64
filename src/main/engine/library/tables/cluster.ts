import { z } from 'zod';
import { now, type Library } from '../library.ts';
import { integer, record, select, text, type Select } from '../rows.ts';

/** A camera as a view keeps it; null where it is not known. */
export const storedCamera = z
  .object({ id: z.number(), model: z.string(), width: z.number(), height: z.number(), params: z.array(z.number()) })
  .nullable();

/** A pose as a view keeps it, cam_from_world; null where it is not known. */
export const storedPose = z
  .object({
    rotation: z.tuple([z.number(), z.number(), z.number(), z.number()]),
    translation: z.tuple([z.number(), z.number(), z.number()]),
  })
  .nullable();

/** What is written of a cluster. */
export interface NewCluster {
  readonly uid: string;
  readonly scene: number;
  readonly name: string;
  readonly source: string;
  readonly points: number;
  readonly observations: number;
  /** Pixels; null where it is not known. */
  readonly meanError: number | null;
  /** `replaced` for one that is not in force yet. */
  readonly state?: 'active' | 'replaced';
}

interface CameraLike {
  readonly id: number;
  readonly model: string;
  readonly width: number;
  readonly height: number;
  readonly params: readonly number[];
}
interface PoseLike {
  readonly rotation: readonly [number, number, number, number];
  readonly translation: readonly [number, number, number];
}

/** What is written of a photo in a cluster. */
export interface NewView {
  readonly index: number;
  /** null where the photo is missing. */
  readonly photo: number | null;
  readonly name: string;
  readonly camera: CameraLike | null;
  readonly pose: PoseLike | null;
  readonly seen: number;
}

/** Statements that write clusters with their views and pairs; each keeps a row that is there already. Use them in a transaction. */
export function clusterWriter(library: Library): {
  /** @returns its id. */
  readonly cluster: (c: NewCluster) => number;
  /** Facts of a cluster that is there, read anew; its pairs are taken away, to be written anew. */
  readonly again: (cluster: number, c: Pick<NewCluster, 'source' | 'points' | 'observations' | 'meanError'>) => void;
  readonly view: (cluster: number, v: NewView) => void;
  /** @param a of two views the lower index. @param scale change from a to b, null where it is not known. */
  readonly pair: (cluster: number, a: number, b: number, shared: number, scale: number | null) => void;
  /** A pair that a list gave, without points. */
  readonly given: (cluster: number, query: number, positive: number) => void;
} {
  const { db } = library;
  const cluster = select(
    db,
    `INSERT INTO cluster_all (uid, scene_id, name, source, points, observations, mean_error, created, state)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(uid) DO UPDATE SET source = excluded.source RETURNING id`,
    integer,
  );
  const view = db.prepare(
    `INSERT INTO view_all (cluster_id, view_index, photo_id, name, camera, pose, points_seen) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET photo_id = excluded.photo_id, name = excluded.name, camera = excluded.camera, pose = excluded.pose, points_seen = excluded.points_seen`,
  );
  const facts = db.prepare(
    'UPDATE cluster_all SET source = ?, points = ?, observations = ?, mean_error = ? WHERE id = ?',
  );
  const noPairs = db.prepare('DELETE FROM pair_all WHERE cluster_id = ?');
  const pair = db.prepare('INSERT INTO pair_all (cluster_id, a, b, shared, scale) VALUES (?, ?, ?, ?, ?)');
  const given = db.prepare(
    'INSERT INTO given_pair_all (cluster_id, query_view, positive_view) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  );
  return {
    cluster: (c) =>
      cluster.one(c.uid, c.scene, c.name, c.source, c.points, c.observations, c.meanError, now(), c.state ?? 'active'),
    again: (id, c) => {
      facts.run(c.source, c.points, c.observations, c.meanError, id);
      noPairs.run(id);
    },
    view: (id, v) => {
      view.run(id, v.index, v.photo, v.name, JSON.stringify(v.camera), JSON.stringify(v.pose), v.seen);
    },
    pair: (id, a, b, shared, scale) => {
      pair.run(id, a, b, shared, scale);
    },
    given: (id, q, p) => {
      given.run(id, q, p);
    },
  };
}

/** For many: a cluster's number by its content hash. */
export function clusterByUid(library: Library): Select<number> {
  return select(library.db, 'SELECT id FROM cluster_all WHERE uid = ?', integer);
}

/** The clusters in which a photo is registered and that a person excluded. */
export function excludedOfPhoto(library: Library, photo: number): { id: string; name: string }[] {
  return select(
    library.db,
    `SELECT DISTINCT c.uid AS id, COALESCE(c.alias, c.name) AS name FROM view_all v JOIN cluster_all c ON c.id = v.cluster_id
     WHERE v.photo_id = ? AND c.state = 'excluded' ORDER BY c.id`,
    record({ id: text, name: text }),
  ).all(photo);
}

/** For many: the clusters in force in which a photo is registered. */
export function clustersOfPhoto(library: Library): Select<{ id: string; name: string }> {
  return select(
    library.db,
    'SELECT DISTINCT c.uid AS id, c.name FROM view v JOIN cluster c ON c.id = v.cluster_id WHERE v.photo_id = ? ORDER BY c.id',
    record({ id: text, name: text }),
  );
}
