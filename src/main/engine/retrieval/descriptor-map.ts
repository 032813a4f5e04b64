import type { DescriptorMap } from '../../../shared/domain.ts';
import type { Library } from '../library/library.ts';
import { loadMap } from './map.ts';
import { integer, nullable, record, select, text } from '../library/rows.ts';

/** A set's stored map with what its photos can be coloured by; null when no map was made yet. */
export function descriptorMap(library: Library, set: string): DescriptorMap | null {
  const map = loadMap(library, set);
  if (map === undefined) return null;
  const facts = new Map(
    select(
      library.db,
      `SELECT p.id, p.hash, p.width, p.height, p.bytes, p.place,
         (SELECT s.name FROM known_file f JOIN scene s ON s.id = f.scene_id WHERE f.photo_id = p.id LIMIT 1) AS folder,
         (SELECT c.name FROM view v JOIN cluster c ON c.id = v.cluster_id WHERE v.photo_id = p.id LIMIT 1) AS cluster,
         (SELECT MAX(v.points_seen) FROM view v WHERE v.photo_id = p.id) AS points
       FROM present_photo p`,
      record({
        id: integer,
        hash: text,
        width: integer,
        height: integer,
        bytes: integer,
        place: integer,
        folder: text,
        cluster: nullable(text),
        points: nullable(integer),
      }),
    )
      .all()
      .map((f) => [f.id, f]),
  );
  const rows = Array.from(map.ids, (id, i) => ({ i, f: facts.get(id) })).flatMap(({ i, f }) =>
    f === undefined ? [] : [{ i, f }],
  );
  return {
    set,
    photos: rows.map(({ f }) => f.hash),
    x: rows.map(({ i }) => map.positions[2 * i]!),
    y: rows.map(({ i }) => map.positions[2 * i + 1]!),
    fields: [
      { name: 'Cluster', values: rows.map(({ f }) => f.cluster) },
      { name: 'Folder', values: rows.map(({ f }) => f.folder) },
      { name: 'Place', values: rows.map(({ f }) => `place ${f.place}`) },
      { name: 'Points seen', values: rows.map(({ f }) => f.points) },
      { name: 'Megapixels', values: rows.map(({ f }) => (f.width * f.height) / 1e6) },
      { name: 'Width over height', values: rows.map(({ f }) => f.width / f.height) },
    ],
  };
}
