/** What photos are told apart by where some of each kind are chosen. */
import type { STRATA } from '../../../shared/facts/collection-choices.ts';
import type { Library } from '../library/library.ts';
import { integer, list, select, text } from '../library/rows.ts';

/** A photo that may be chosen. */
export interface Candidate {
  readonly id: number;
  readonly place: number;
  readonly taken: number | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly camera: string | null;
  readonly width: number;
  readonly height: number;
}

/** The stratum of a photo by what the library knows of it; what is not known is a stratum of its own. */
export function stratumOf(library: Library, field: (typeof STRATA)[number]): (p: Candidate) => string {
  const first = (sql: string): Map<number, string> => {
    const found = new Map<number, string>();
    for (const [photo, name] of select(library.db, sql, list(integer, text)).all())
      if (!found.has(photo)) found.set(photo, name);
    return found;
  };
  switch (field) {
    case 'place':
      return (p) => String(p.place).padStart(12, '0');
    case 'scene': {
      const of = first(
        'SELECT f.photo_id, s.name FROM photo_file f JOIN scene s ON s.id = f.scene_id ORDER BY f.photo_id, s.id',
      );
      return (p) => of.get(p.id) ?? '';
    }
    case 'cluster': {
      const of = first(
        'SELECT v.photo_id, c.uid FROM view v JOIN cluster c ON c.id = v.cluster_id WHERE v.photo_id IS NOT NULL ORDER BY v.photo_id, c.id',
      );
      return (p) => of.get(p.id) ?? '';
    }
    case 'camera':
      return (p) => p.camera ?? '';
    case 'year':
    case 'month':
      return (p) => (p.taken === null ? '' : new Date(1000 * p.taken).toISOString().slice(0, field === 'year' ? 4 : 7));
    case 'orientation':
      return (p) => (p.width > p.height ? 'landscape' : p.width < p.height ? 'portrait' : 'square');
  }
}

/**
 * First values of a field that collections say of their photos, each photo's own before what holds for a whole collection; photos of which
 * none is said are not in it. Of several collections the earlier counts.
 */
export function valuesOf(library: Library, field: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const rows = select(
    library.db,
    `SELECT i.photo_id, (SELECT t.value FROM json_each(
         CASE WHEN EXISTS (SELECT 1 FROM json_each(COALESCE(i.fields, '{}')) k WHERE k.key = :field) THEN i.fields ELSE c.fields END) f,
         json_each(f.value) t WHERE f.key = :field LIMIT 1) AS value
     FROM collection_item i JOIN collection c ON c.id = i.collection_id
     WHERE i.member = 1 AND c.hidden = 0 AND value IS NOT NULL ORDER BY c.id, i.photo_id`,
    list(integer, text),
  );
  for (const [photo, value] of rows.all({ field })) if (!found.has(photo)) found.set(photo, value);
  return found;
}

/** How many photos are chosen where there are so many of each stratum, with those that are kept. */
export function ofEach(keys: readonly string[], each: number, keep: readonly number[]): number {
  const kept = new Set(keep);
  return [...Map.groupBy(keys.keys(), (i) => keys[i]!).values()].reduce(
    (n, rows) => n + Math.max(Math.min(each, rows.length), rows.filter((i) => kept.has(i)).length),
    0,
  );
}
