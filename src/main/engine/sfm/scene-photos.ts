import { statSync } from 'node:fs';
import { join } from 'node:path';
import { photosAtOnce } from '../environment/threads.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { Library } from '../library/library.ts';
import { leftOut } from '../library/photo-files.ts';
import { inspectPhoto, listPhotos, PHOTO_FACTS, type PhotoFile } from '../library/photos.ts';
import { UnreadPhotos } from '../library/unread-photos.ts';
import { integer, nullable, real, record, select, text } from '../library/rows.ts';
import type { TaskContext } from '../queue/context.ts';
import type { SceneLocation } from './discover.ts';

/** The photos of each scene by name; undefined where a file cannot be read. */
export type ScenePhotos = Map<SceneLocation, Map<string, PhotoFile | undefined>>;

/**
 * Hashes all photos, a few at a time; a file that did not change since the last import is not read again.
 * @throws CovisError `INPUT_CORRUPT` where there are photos and none of them can be read.
 */
export async function inspectAll(
  library: Library,
  scenes: readonly SceneLocation[],
  task: TaskContext,
  warn: (m: string) => void,
): Promise<ScenePhotos> {
  const work = scenes.flatMap((scene) => {
    const listing = listPhotos(scene.images);
    for (const said of leftOut(listing, scene.images)) warn(said);
    return listing.photos.map((name) => ({ scene, name }));
  });
  const out = new Map(scenes.map((s) => [s, new Map<string, PhotoFile | undefined>()]));
  task.step('Reading photos', work.length, 'photos');
  const unread = new UnreadPhotos();
  let next = 0;
  let done = 0;
  const one = async (): Promise<void> => {
    while (next < work.length) {
      const { scene, name } = work[next++]!;
      task.check();
      try {
        out.get(scene)!.set(name, unchanged(library, scene, name) ?? (await inspectPhoto(scene.images, name)));
      } catch (error) {
        out.get(scene)!.set(name, undefined);
        unread.add(join(scene.images, name), error);
        warn(error instanceof CovisError ? `${error.message}: ${error.file ?? name}` : String(error));
      }
      done += 1;
      task.progress(done);
    }
  };
  await Promise.all(Array.from({ length: photosAtOnce() }, one));
  await unread.refuseAll(
    [...out].flatMap(([scene, found]) => (found.size === 0 ? [] : [scene.images])),
    work.flatMap(({ scene, name }) => (out.get(scene)!.get(name) === undefined ? [] : [join(scene.images, name)])),
  );
  return out;
}

/** What the library knows of a photo whose file has the size and time that it had at the last import. */
function unchanged(library: Library, scene: SceneLocation, name: string): PhotoFile | undefined {
  const known = select(
    library.db,
    `SELECT f.name, p.hash, p.width, p.height, p.orientation, f.bytes, f.modified, f.changed, p.taken, p.latitude, p.longitude, p.focal, p.camera
     FROM photo_file f JOIN scene s ON s.id = f.scene_id JOIN photo p ON p.id = f.photo_id
     WHERE s.root = ? AND s.images = ? AND f.name = ? AND p.facts_read = 1`,
    record({
      name: text,
      hash: text,
      width: integer,
      height: integer,
      orientation: integer,
      bytes: integer,
      modified: real,
      changed: nullable(real),
      ...PHOTO_FACTS,
    }),
  ).get(scene.root, scene.images, name);
  if (known === undefined) return undefined;
  const { size, mtimeMs, ctimeMs } = statSync(join(scene.images, name));
  const { taken, latitude, longitude, focal, camera, changed, ...file } = known;
  if (size !== known.bytes || mtimeMs !== known.modified || changed !== ctimeMs) return undefined;
  return { ...file, changed, facts: { taken, latitude, longitude, focal, camera } };
}
