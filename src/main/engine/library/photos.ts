import { CovisError } from '../../../shared/errors.ts';
import type { PhotoInfo } from '../../../shared/domain.ts';
import type { Library } from './library.ts';
import type { PhotoFile } from './photo-files.ts';
import { random } from './random.ts';
import { flag, integer, nullable, real, record, select, text } from './rows.ts';
import { clustersOfPhoto, excludedOfPhoto } from './tables/cluster.ts';

export { currentPhoto } from './current-photo.ts';
export { hashBytes, hashFile } from './hash-file.ts';
export { inspectPhoto, listImages, listPhotos, type PhotoFile, type PhotoListing } from './photo-files.ts';
export { allPhotos, presentPhotos, photoByHash, photoHash, type PhotoRow } from './tables/photo.ts';

/** What a camera wrote, as columns of `photo`. */
export const PHOTO_FACTS = {
  taken: nullable(integer),
  latitude: nullable(real),
  longitude: nullable(real),
  focal: nullable(real),
  camera: nullable(text),
};

/**
 * Maps a point of the sensor frame, as fractions of the stored width and height, to the frame as displayed.
 * EXIF orientations 1 to 8.
 */
export function upright(x: number, y: number, orientation: number): [number, number] {
  switch (orientation) {
    case 2:
      return [1 - x, y];
    case 3:
      return [1 - x, 1 - y];
    case 4:
      return [x, 1 - y];
    case 5:
      return [y, x];
    case 6:
      return [1 - y, x];
    case 7:
      return [1 - y, 1 - x];
    case 8:
      return [y, 1 - x];
    default:
      return [x, y];
  }
}

/** Statements that write scenes, photos and their files; each gives or keeps the row that is there already. Use them in a transaction. */
export function photoWriter(library: Library): {
  /** @param heldOut 1 or 0 where a list of pairs says so; null leaves it to the seed. @returns its id. */
  readonly scene: (name: string, root: string, images: string, heldOut?: 0 | 1 | null) => number;
  /** @returns the photo's id. */
  readonly photo: (scene: number, file: PhotoFile) => number;
} {
  const { db } = library;
  const scene = select(
    db,
    'INSERT INTO scene (name, root, images, held_out) VALUES (?, ?, ?, ?) ON CONFLICT(root) DO UPDATE SET images = excluded.images RETURNING id',
    integer,
  );
  const photo = select(
    db,
    `INSERT INTO photo (hash, sha256, width, height, orientation, bytes, taken, latitude, longitude, focal, camera, facts_read)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT(hash) DO UPDATE SET bytes = excluded.bytes, taken = excluded.taken,
         latitude = excluded.latitude, longitude = excluded.longitude, focal = excluded.focal, camera = excluded.camera, facts_read = 1,
         sha256 = COALESCE(sha256, excluded.sha256)
       RETURNING id`,
    integer,
  );
  const file = db.prepare(
    `INSERT INTO photo_file (photo_id, scene_id, name, modified, bytes, changed) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(scene_id, name)
       DO UPDATE SET photo_id = excluded.photo_id, modified = excluded.modified, bytes = excluded.bytes, changed = excluded.changed`,
  );
  return {
    scene: (name, root, images, heldOut = null) => scene.one(name, root, images, heldOut),
    photo: (sceneId, p) => {
      const id = photo.one(
        p.hash,
        p.sha256 ?? null,
        p.width,
        p.height,
        p.orientation,
        p.bytes,
        p.facts.taken,
        p.facts.latitude,
        p.facts.longitude,
        p.facts.focal,
        p.facts.camera,
      );
      file.run(id, sceneId, p.name, p.modified, p.bytes, p.changed ?? null);
      return id;
    },
  };
}

/** Ids of photos by their beginnings, in their order; null where none begins so, or more than one. */
export function photosNamed(library: Library, begins: readonly string[]): (string | null)[] {
  // Beyond any digit of an id.
  const beyond = 'g';
  const named = select(
    library.db,
    `SELECT p.hash FROM photo p WHERE p.hash >= ? AND p.hash < ? AND EXISTS (SELECT 1 FROM known_file f WHERE f.photo_id = p.id) LIMIT 2`,
    text,
  );
  return begins.map((begin) => {
    const [found, other] = named.all(begin, begin + beyond);
    return found === undefined || other !== undefined ? null : found;
  });
}

/** @throws CovisError `NOT_FOUND`. */
export function photoInfo(library: Library, hash: string): PhotoInfo {
  const row = select(
    library.db,
    `SELECT p.id, p.hash, p.width, p.height, p.taken, p.latitude, p.longitude, p.focal, p.camera,
       NOT EXISTS (SELECT 1 FROM photo_file x WHERE x.photo_id = p.id) AS gone FROM photo p WHERE p.hash = ?`,
    record({ id: integer, hash: text, width: integer, height: integer, ...PHOTO_FACTS, gone: flag }),
  ).get(hash);
  const file =
    row &&
    select(
      library.db,
      `SELECT f.name, s.name AS scene FROM known_file f JOIN scene s ON s.id = f.scene_id WHERE f.photo_id = ?
       ORDER BY f.scene_id, f.name LIMIT 1`,
      record({ name: text, scene: text }),
    ).get(row.id);
  if (row === undefined || file === undefined) throw new CovisError('NOT_FOUND', `The library has no photo ${hash}`);
  const excluded = excludedOfPhoto(library, row.id);
  return {
    id: row.hash,
    name: file.name,
    scene: file.scene,
    ...(row.gone ? { gone: true } : {}),
    ...foldsOf(library, row.id),
    width: row.width,
    height: row.height,
    clusters: clustersOf(library, row.id),
    ...(excluded.length === 0 ? {} : { excluded }),
    exif: {
      taken: row.taken,
      latitude: row.latitude,
      longitude: row.longitude,
      focal: row.focal,
      camera: row.camera,
    },
  };
}

/** How a photo stands to its near duplicates. */
function foldsOf(library: Library, id: number): Pick<PhotoInfo, 'foldedUnder' | 'folds'> {
  const { head, folds } = select(
    library.db,
    `SELECT (SELECT h.hash FROM folded_photo o JOIN photo h ON h.id = o.head_id WHERE o.photo_id = :id) AS head,
       (SELECT COUNT(*) FROM folded_photo o WHERE o.head_id = :id) AS folds`,
    record({ head: nullable(text), folds: integer }),
  ).one({ id });
  return { ...(head === null ? {} : { foldedUnder: head }), ...(folds === 0 ? {} : { folds }) };
}

/** The clusters in which a photo is registered. */
export function clustersOf(library: Library, photoId: number): { id: string; name: string }[] {
  return clustersOfPhoto(library).all(photoId);
}

/** Photos whose file names have a text in them, whatever its case, by name; each photo once. */
export function findPhotos(library: Library, words: string, limit: number): { id: string; name: string }[] {
  return select(
    library.db,
    `SELECT p.hash AS id, MIN(f.name) AS name FROM photo_file f JOIN photo p ON p.id = f.photo_id
       WHERE instr(lower(f.name), lower(?)) > 0 GROUP BY p.id ORDER BY name, p.id LIMIT ?`,
    record({ id: text, name: text }),
  ).all(words, limit);
}

/** Some photos, drawn by `seed` without loading the table; fewer than `count` when the library is small. */
export function randomPhotos(library: Library, count: number, seed: number): PhotoInfo[] {
  const last = select(library.db, 'SELECT COALESCE(MAX(id), 0) FROM present_photo', integer).one();
  const from = select(library.db, 'SELECT hash FROM present_photo WHERE id >= ? ORDER BY id LIMIT 1', text);
  const r = random(seed);
  const hashes = new Set<string>();
  for (let i = 0; i < 3 * count && hashes.size < count && last > 0; i += 1) hashes.add(from.one(1 + r.below(last)));
  return [...hashes].map((h) => photoInfo(library, h));
}
