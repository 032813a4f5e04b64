import type { Library } from '../library/library.ts';

/**
 * Labels what may be the same place: clusters under one scene folder, and clusters or scenes that share a photo,
 * are one place, transitively. Photos and clusters of one place are never each other's negatives.
 * Labels are the smallest scene id of the place, so that they are stable while nothing merges.
 */
export function relabelPlaces(library: Library): void {
  const { db } = library;
  const scenes = db.prepare('SELECT id FROM scene').pluck().all() as number[];
  const parent = new Map(scenes.map((s) => [s, s]));
  const find = (x: number): number => {
    let root = x;
    while (parent.get(root) !== root) root = parent.get(root)!;
    parent.set(x, root);
    return root;
  };
  const shared = db
    .prepare(
      'SELECT DISTINCT a.scene_id AS a, b.scene_id AS b FROM photo_file a JOIN photo_file b ON a.photo_id = b.photo_id AND a.scene_id < b.scene_id',
    )
    .all() as { a: number; b: number }[];
  for (const { a, b } of shared) {
    const [x, y] = [find(a), find(b)];
    parent.set(Math.max(x, y), Math.min(x, y));
  }
  const setClusters = db.prepare('UPDATE cluster SET place = ? WHERE scene_id = ?');
  const setPhotos = db.prepare(
    'UPDATE photo SET place = ? WHERE id IN (SELECT photo_id FROM photo_file WHERE scene_id = ?)',
  );
  for (const s of scenes) {
    setClusters.run(find(s), s);
    setPhotos.run(find(s), s);
  }
}

/** Pairs of clusters that have photos in common, and how many. */
export function clustersSharingPhotos(library: Library): { a: string; b: string; photos: number }[] {
  return library.db
    .prepare(
      `SELECT ca.name AS a, cb.name AS b, COUNT(DISTINCT va.photo_id) AS photos
       FROM view va JOIN view vb ON va.photo_id = vb.photo_id AND va.cluster_id < vb.cluster_id
       JOIN cluster ca ON ca.id = va.cluster_id JOIN cluster cb ON cb.id = vb.cluster_id
       GROUP BY va.cluster_id, vb.cluster_id ORDER BY ca.id, cb.id`,
    )
    .all() as { a: string; b: string; photos: number }[];
}
