import type { ClusterDetail, ClusterInfo, ClusterView, CovisibleView } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { shellWord } from '../../../shared/shell-word.ts';
import { findOne } from '../library/find.ts';
import type { Library } from '../library/library.ts';
import { readNpyRows } from '../formats/npy.ts';
import { photoByHash, upright } from '../library/photos.ts';
import { sharedObservations } from './covisibility.ts';
import { flag, integer, json, nullable, real, record, select, text } from '../library/rows.ts';
import { storedCamera, storedPose } from '../library/tables/cluster.ts';
import { cameraCentre, focalLength, rotationMatrix } from './model.ts';

const SELECT_CLUSTERS = `
  SELECT c.id AS rowId, c.uid AS id, COALESCE(c.alias, c.name) AS name, s.name AS scene, c.place, c.points, c.observations, c.mean_error AS meanReprojectionError, c.state = 'excluded' AS excluded,
    NOT EXISTS (SELECT 1 FROM view_all v WHERE v.cluster_id = c.id AND v.pose = 'null') AS modelled,
    (SELECT COUNT(*) FROM view_all v WHERE v.cluster_id = c.id AND v.photo_id IS NOT NULL) AS photos,
    (SELECT COUNT(*) FROM view_all v WHERE v.cluster_id = c.id AND v.photo_id IS NULL) AS missing,
    (SELECT COUNT(*) FROM pair_all p WHERE p.cluster_id = c.id) + (SELECT COUNT(*) FROM given_pair_all g WHERE g.cluster_id = c.id) AS pairs,
    (SELECT p.hash FROM view_all v JOIN photo p ON p.id = v.photo_id WHERE v.cluster_id = c.id ORDER BY v.points_seen DESC LIMIT 1) AS cover
  FROM cluster_all c JOIN scene s ON s.id = c.scene_id`;

const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1] as const;

const ROW = record({
  rowId: integer,
  id: text,
  name: text,
  scene: text,
  place: integer,
  points: integer,
  observations: integer,
  meanReprojectionError: nullable(real),
  excluded: flag,
  modelled: flag,
  photos: integer,
  missing: integer,
  pairs: integer,
  cover: nullable(text),
});

function strip({ rowId: _, ...info }: ClusterInfo & { readonly rowId: number }): ClusterInfo {
  return info;
}

/** Clusters in the order of their import. @param limit how many, after the first `from`; all when left out. */
export function listClusters(library: Library, from = 0, limit?: number): ClusterInfo[] {
  return select(library.db, `${SELECT_CLUSTERS} WHERE c.state <> 'replaced' ORDER BY c.id LIMIT ? OFFSET ?`, ROW)
    .all(limit ?? -1, from)
    .map(strip);
}

function clusterRow(library: Library, wanted: string): ClusterInfo & { readonly rowId: number } {
  return (
    select(library.db, `${SELECT_CLUSTERS} WHERE c.uid = ?`, ROW).get(wanted) ??
    findOne(
      'cluster',
      wanted,
      select(library.db, `${SELECT_CLUSTERS} WHERE c.state <> 'replaced' ORDER BY c.id`, ROW).all(),
      (c) => c,
    )
  );
}

/** For many: content hashes of a cluster's photos, in the order of its views; of one that is not there, none. */
export function clusterPhotos(library: Library): (uid: string) => string[] {
  const rows = select(
    library.db,
    `SELECT p.hash FROM view_all v JOIN photo p ON p.id = v.photo_id JOIN cluster_all c ON c.id = v.cluster_id
     WHERE c.uid = ? GROUP BY p.id ORDER BY MIN(v.view_index)`,
    text,
  );
  return (uid) => rows.all(uid);
}

/** One cluster with its cameras. @throws CovisError `NOT_FOUND`. */
export function clusterDetail(library: Library, uid: string): ClusterDetail {
  const row = clusterRow(library, uid);
  const views = select(
    library.db,
    `SELECT v.view_index AS idx, v.name, v.camera, v.pose, v.points_seen AS pointsSeen, p.hash AS photo, p.orientation
     FROM view_all v LEFT JOIN photo p ON p.id = v.photo_id WHERE v.cluster_id = ? ORDER BY v.view_index`,
    record({
      idx: integer,
      name: text,
      camera: json(storedCamera),
      pose: json(storedPose),
      pointsSeen: integer,
      photo: nullable(text),
      orientation: nullable(integer),
    }),
  ).all(row.rowId);
  const samePlace = select(
    library.db,
    'SELECT uid AS id, name FROM cluster WHERE place = ? AND uid <> ? ORDER BY id',
    record({ id: text, name: text }),
  ).all(row.place, uid);
  return {
    ...strip(row),
    samePlace,
    views: views.map((v): ClusterView => {
      const { camera, pose } = v;
      const known = { index: v.idx, photo: v.photo, name: v.name, orientation: v.orientation ?? 1 };
      if (camera === null || pose === null)
        return { ...known, position: [0, 0, 0], rotation: IDENTITY, focal: 1, aspect: 1, pointsSeen: 0 };
      return {
        ...known,
        position: cameraCentre(pose),
        rotation: [...rotationMatrix(pose.rotation)],
        focal: focalLength(camera) / camera.width,
        aspect: camera.height / camera.width,
        pointsSeen: v.pointsSeen,
      };
    }),
  };
}

/** The views that share points with one view, most first. */
export function covisibleViews(library: Library, uid: string, view: number): CovisibleView[] {
  const row = clusterRow(library, uid);
  const rows = select(
    library.db,
    `SELECT CASE WHEN a = :v THEN b ELSE a END AS idx, shared, scale, a = :v AS forward,
       (SELECT points_seen FROM view_all WHERE cluster_id = :c AND view_index = :v) AS seen
     FROM pair_all WHERE cluster_id = :c AND (a = :v OR b = :v) ORDER BY shared DESC, idx`,
    record({ idx: integer, shared: integer, scale: nullable(real), forward: flag, seen: integer }),
  ).all({ c: row.rowId, v: view });
  return rows.map((r) => ({
    index: r.idx,
    shared: r.shared,
    overlap: r.shared / r.seen,
    scale: r.scale === null ? 0 : r.forward ? r.scale : 1 / r.scale,
  }));
}

/** The flat arrays of a cluster that pages may fetch. */
const ARRAYS = { points: 'points.npy', colours: 'colours.npy', errors: 'errors.npy', tracks: 'tracks.npy' } as const;

/**
 * Raw little-endian bytes of one array; undefined for an unknown name.
 * @param most points that are wanted: the first, which are those that most photos see.
 */
export function clusterArray(library: Library, uid: string, name: string, most = Infinity): Uint8Array | undefined {
  const { id } = clusterRow(library, uid);
  if (!Object.hasOwn(ARRAYS, name)) return undefined;
  const data = readNpyRows(library.file('clusters', id, ARRAYS[name as keyof typeof ARRAYS]), 0, most);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Indices of the points that a view sees, as u32. */
export function viewPoints(library: Library, uid: string, view: number): Uint32Array {
  const { id } = clusterRow(library, uid);
  const file = library.file('clusters', id, 'observation_points.npy');
  const points = readNpyRows(file, ...observationsOf(library, id, view));
  if (!(points instanceof Uint32Array)) throw damagedArray(file, library);
  return points;
}

/** The first observation of a view and how many it has. @throws CovisError `INPUT_CORRUPT`. */
function observationsOf(library: Library, id: string, view: number): [from: number, count: number] {
  const file = library.file('clusters', id, 'view_offsets.npy');
  const offsets = readNpyRows(file, view, 2);
  const [from = 0, to = 0] = offsets;
  if (!(offsets instanceof Uint32Array) || offsets.length !== 2 || to < from) throw damagedArray(file, library);
  return [from, to - from];
}

function damagedArray(file: string, library: Library): CovisError {
  return new CovisError('INPUT_CORRUPT', 'A file of the library is damaged: it does not fit its cluster', {
    file,
    hint: `covis check ${shellWord(library.path)} --repair says what can be done.`,
  });
}

/**
 * Where two photos see the same 3D points: four float32 per point (xA, yA, xB, yB), fractions of the photos as displayed,
 * from the cluster in which they share most. Empty when they share none.
 */
export function sharedPointsOfPhotos(library: Library, hashA: string, hashB: string): Float32Array {
  const a = photoByHash(library, hashA);
  const b = photoByHash(library, hashB);
  const found = select(
    library.db,
    `SELECT c.uid, va.view_index AS va, vb.view_index AS vb FROM view va JOIN view vb ON vb.cluster_id = va.cluster_id
     JOIN pair p ON p.cluster_id = va.cluster_id AND p.a = MIN(va.view_index, vb.view_index) AND p.b = MAX(va.view_index, vb.view_index)
     JOIN cluster c ON c.id = va.cluster_id
     WHERE va.photo_id = ? AND vb.photo_id = ? ORDER BY p.shared DESC LIMIT 1`,
    record({ uid: text, va: integer, vb: integer }),
  ).get(a.id, b.id);
  if (found === undefined) return new Float32Array(0);
  // Only the observations of these two views: models may have fifty million.
  const part = (view: number): { point: Uint32Array; xy: Float32Array } => {
    const own = observationsOf(library, found.uid, view);
    const file = (name: string): string => library.file('clusters', found.uid, name);
    const point = readNpyRows(file('observation_points.npy'), ...own);
    const xy = readNpyRows(file('observation_xy.npy'), ...own);
    if (!(point instanceof Uint32Array)) throw damagedArray(file('observation_points.npy'), library);
    if (!(xy instanceof Float32Array) || xy.length !== 2 * point.length)
      throw damagedArray(file('observation_xy.npy'), library);
    return { point, xy };
  };
  const [va, vb] = [part(found.va), part(found.vb)];
  const n = va.point.length;
  const obsPoint = new Uint32Array(n + vb.point.length);
  obsPoint.set(va.point);
  obsPoint.set(vb.point, n);
  const shared = sharedObservations({ viewOffsets: Uint32Array.of(0, n, obsPoint.length), obsPoint }, 0, 1);
  const out = new Float32Array(4 * shared.point.length);
  shared.point.forEach((_, k) => {
    const i = shared.obsA[k]!;
    const j = shared.obsB[k]! - n;
    out.set(upright(va.xy[2 * i]!, va.xy[2 * i + 1]!, a.orientation), 4 * k);
    out.set(upright(vb.xy[2 * j]!, vb.xy[2 * j + 1]!, b.orientation), 4 * k + 2);
  });
  return out;
}
