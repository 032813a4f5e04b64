import type { DuplicateGroup, PhotoFactsRow } from '../../../shared/domain.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { groupLooks, lookOf } from '../library/looks.ts';
import { eachPhoto } from './each-photo.ts';
import { integer, nullable, real, record, select, text } from '../library/rows.ts';

/** Bits in which near duplicates may differ, of 64. */
export const DUPLICATE_BITS = 6;

/** Computes the perceptual hash of photos that lack one; what is done stays. @returns how many were new. */
export function computeLooks(library: Library, task: TaskContext): Promise<number> {
  const missing = select(library.db, 'SELECT id FROM present_photo WHERE look IS NULL ORDER BY id', integer).all();
  const update = library.db.prepare('UPDATE photo SET look = ? WHERE id = ?');
  return eachPhoto(
    library,
    missing,
    {
      step: 'Looking for near duplicates',
      compute: lookOf,
      write: (photo, look) => void update.run(look, photo),
    },
    task,
  );
}

/**
 * Photos that are there more than once: files of the same content, and photos that look the same.
 * @param bits in which perceptual hashes may differ, of 64.
 */
export function duplicateGroups(library: Library, bits = DUPLICATE_BITS): DuplicateGroup[] {
  const rows = select(
    library.db,
    `SELECT p.hash AS photo, p.look, p.width, p.height, p.bytes, COUNT(f.name) AS files, MIN(f.name) AS name
     FROM photo p JOIN photo_file f ON f.photo_id = p.id GROUP BY p.id ORDER BY p.id`,
    record({
      photo: text,
      look: nullable(text),
      width: integer,
      height: integer,
      bytes: integer,
      files: integer,
      name: text,
    }),
  ).all();
  const looked = rows.filter((r) => r.look !== null);
  const near = groupLooks(
    looked.map((r) => r.look!),
    bits,
  ).map((g) => g.map((i) => looked[i]!));
  const inGroup = new Set(near.flat().map((r) => r.photo));
  const exact = rows.filter((r) => r.files > 1 && !inGroup.has(r.photo)).map((r) => [r]);
  const namesOf = select(
    library.db,
    'SELECT f.name FROM photo_file f JOIN photo p ON p.id = f.photo_id WHERE p.hash = ? ORDER BY f.name LIMIT 20',
    text,
  );
  return [...near, ...exact].map((group) => ({
    // The largest is the one to keep.
    photos: group
      .toSorted((a, b) => b.width * b.height - a.width * a.height || b.bytes - a.bytes)
      .map((r) => ({
        photo: r.photo,
        name: r.name,
        files: r.files > 1 ? namesOf.all(r.photo) : [r.name],
        width: r.width,
        height: r.height,
        bytes: r.bytes,
      })),
  }));
}

/** Where and when every photo was taken, in the order of time; photos that do not say come last. */
export function photoFacts(library: Library): PhotoFactsRow[] {
  return select(
    library.db,
    `SELECT p.hash AS photo, p.taken, p.latitude, p.longitude, CAST(p.width AS REAL) / p.height AS aspect,
       (SELECT c.name FROM view v JOIN cluster c ON c.id = v.cluster_id WHERE v.photo_id = p.id LIMIT 1) AS cluster
     FROM present_photo p ORDER BY p.taken IS NULL, p.taken, p.id`,
    record<PhotoFactsRow>({
      photo: text,
      taken: nullable(integer),
      latitude: nullable(real),
      longitude: nullable(real),
      aspect: real,
      cluster: nullable(text),
    }),
  ).all();
}
