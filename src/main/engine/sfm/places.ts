import { DisjointSets } from '../library/disjoint-sets.ts';
import type { Library } from '../library/library.ts';
import { flag, integer, record, select, text } from '../library/rows.ts';

/**
 * Labels what may be the same place: clusters under one scene folder, and clusters or scenes that share a photo,
 * are one place, transitively. Photos and clusters of one place are never each other's negatives.
 * A mixed folder, of photos of many places, is no place; the scenes that were found in it are.
 * Labels are the smallest scene id of the place, so that they are stable while nothing merges.
 */
export function relabelPlaces(library: Library): void {
  const { db } = library;
  const scenes = select(db, 'SELECT id, mixed FROM scene', record({ id: integer, mixed: flag })).all();
  const places = new DisjointSets();
  const belongs = `SELECT f.photo_id AS photo, f.scene_id AS scene FROM photo_file f JOIN scene s ON s.id = f.scene_id WHERE s.mixed = 0
    UNION SELECT v.photo_id, c.scene_id FROM view v JOIN cluster_all c ON c.id = v.cluster_id WHERE v.photo_id IS NOT NULL`;
  const shared = select(
    db,
    `WITH belongs AS (${belongs})
     SELECT DISTINCT a.scene AS a, b.scene AS b FROM belongs a JOIN belongs b ON a.photo = b.photo AND a.scene < b.scene`,
    record({ a: integer, b: integer }),
  ).all();
  for (const { a, b } of shared) places.join(a, b);
  const find = (scene: number): number => places.find(scene);
  const setClusters = db.prepare('UPDATE cluster_all SET place = ? WHERE scene_id = ?');
  const setFiles = db.prepare(
    'UPDATE photo SET place = ? WHERE id IN (SELECT photo_id FROM photo_file WHERE scene_id = ?)',
  );
  const setViews = db.prepare(
    'UPDATE photo SET place = ? WHERE id IN (SELECT v.photo_id FROM view v JOIN cluster_all c ON c.id = v.cluster_id WHERE c.scene_id = ?)',
  );
  // Mixed folders first: what is known of a photo from a place replaces it.
  for (const { id, mixed } of scenes) if (mixed) setFiles.run(id, id);
  for (const { id, mixed } of scenes) {
    setClusters.run(find(id), id);
    if (!mixed) setFiles.run(find(id), id);
    setViews.run(find(id), id);
  }
}

/** Photos of mixed folders that are in no cluster: nobody knows what they show, so they are neither matches nor negatives. */
export function unplacedPhotos(library: Library): Set<number> {
  return new Set(
    select(library.db, 'SELECT id FROM photo WHERE place IN (SELECT id FROM scene WHERE mixed = 1)', integer).all(),
  );
}

/** Pairs of clusters that have photos in common, and how many. */
export function clustersSharingPhotos(library: Library): { a: string; b: string; photos: number }[] {
  return select(
    library.db,
    `SELECT ca.name AS a, cb.name AS b, COUNT(DISTINCT va.photo_id) AS photos
     FROM view va JOIN view vb ON va.photo_id = vb.photo_id AND va.cluster_id < vb.cluster_id
     JOIN cluster ca ON ca.id = va.cluster_id JOIN cluster cb ON cb.id = vb.cluster_id
     GROUP BY va.cluster_id, vb.cluster_id ORDER BY ca.id, cb.id`,
    record({ a: text, b: text, photos: integer }),
  ).all();
}
