/** Notes what a library looks like, so that it can be shown in a list while it is closed. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { noteCounts, noteLibrary, pictureFile } from '../environment/known-libraries.ts';
import { logFailure, logger } from '../environment/log.ts';
import { now, type Library } from '../library/library.ts';
import { select, text } from '../library/rows.ts';
import { counts } from '../library/tables/counts.ts';
import { thumbnail } from '../library/thumbnails.ts';

/** Pictures of one library in the list. */
const PICTURES = 4;
const PIXELS = 256;

/** Photos that stand for a library: those of most points of its largest places, else the first ones. */
function faces(library: Library): string[] {
  const covers = select(
    library.db,
    `SELECT hash FROM (
       SELECT p.hash AS hash, c.points AS points,
         ROW_NUMBER() OVER (PARTITION BY c.place ORDER BY v.points_seen DESC) AS nth
       FROM view v JOIN cluster c ON c.id = v.cluster_id JOIN photo p ON p.id = v.photo_id
       WHERE c.id IN (SELECT id FROM cluster ORDER BY points DESC LIMIT 12))
     WHERE nth = 1 ORDER BY points DESC LIMIT ${PICTURES}`,
    text,
  ).all();
  if (covers.length === PICTURES) return covers;
  const first = select(library.db, `SELECT hash FROM photo ORDER BY id LIMIT ${PICTURES}`, text).all();
  return [...new Set([...covers, ...first])].slice(0, PICTURES);
}

/** Puts the open library at the head of the list of those that were open, with its pictures. Never throws: the log says what went wrong. */
export async function rememberLibrary(library: Library): Promise<void> {
  try {
    const { photos, clusters } = counts(library);
    let pictures = 0;
    for (const hash of faces(library)) {
      try {
        const bytes = await thumbnail(library, hash, PIXELS);
        const file = pictureFile(library.path, pictures);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, bytes, { mode: 0o600 });
        pictures += 1;
      } catch (error) {
        // A photo that cannot be shown is no face.
        logFailure(logger('start'), `${library.name} has a photo that cannot be shown`, error);
      }
    }
    noteLibrary({ path: library.path, opened: now(), photos, clusters, pictures });
  } catch (error) {
    logFailure(logger('start'), `${library.path} cannot be put into the list`, error);
  }
}

/** Notes how much an open library in the list holds now. Never throws: the log says what went wrong. */
export function noteHeld(library: Library): void {
  try {
    noteCounts(library.path, counts(library));
  } catch (error) {
    logFailure(logger('start'), `What ${library.path} holds cannot be noted`, error);
  }
}
