import { copyFileSync, existsSync, lstatSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PhotoPlacement } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { counted } from '../../../shared/counted.ts';
import { makeFolder } from '../environment/folders.ts';
import { writeBeside } from '../formats/beside.ts';
import { diskError, isFull } from '../formats/disk.ts';
import type { Placing } from '../formats/target.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { hashBytes, currentPhoto } from '../library/photos.ts';
import { hashById } from '../library/tables/photo.ts';

/**
 * Puts photos at the given paths. What is there already stays where it is the same photo, so that a second export goes on from the first.
 * @returns how many were put there, and how many are missing.
 * @throws CovisError `STATE_CONFLICT` for a path that holds something else, without `force`.
 */
export function placePhotos(
  library: Library,
  photos: readonly { readonly photo: number; readonly path: string }[],
  how: PhotoPlacement,
  task: TaskContext,
  placing: Placing = {},
): { placed: number; missing: number } {
  if (how === 'none') return { placed: 0, missing: 0 };
  const hashes = hashById(library);
  let placed = 0;
  let missing = 0;
  task.step(how === 'link' ? 'Linking photos' : 'Copying photos', photos.length, 'photos');
  photos.forEach(({ photo, path }, i) => {
    task.check();
    task.progress(i + 1);
    // A link to a photo that is no longer there is made anew.
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && !existsSync(path)) rmSync(path);
    if (existsSync(path)) {
      if (hashBytes(readFileSync(path)) === hashes.one(photo)) {
        placed += 1;
        return;
      }
      if (placing.force !== true)
        throw new CovisError('STATE_CONFLICT', 'Another file is where this photo goes', {
          file: path,
          hint: 'Name a new folder, or write over it with --force.',
        });
    }
    let source: string;
    try {
      source = currentPhoto(library, photo);
    } catch (error) {
      if (!(error instanceof CovisError && error.code === 'INPUT_MISSING')) throw error;
      missing += 1;
      return;
    }
    try {
      makeFolder(dirname(path));
    } catch (error) {
      throw diskError(error);
    }
    rmSync(path, { force: true });
    if (how === 'link' && linked(source, path)) placed += 1;
    else {
      const bytes = statSync(source, { throwIfNoEntry: false })?.size;
      writeBeside(path, { bytes, flush: false }, (temporary) => copyFileSync(source, temporary));
      placed += 1;
    }
  });
  if (missing > 0) task.warn(`${counted(missing, 'photo is', 'photos are')} no longer where they were imported from`);
  return { placed, missing };
}

/** False where the system does not let us make links; then photos are copied. */
function linked(source: string, path: string): boolean {
  try {
    symlinkSync(source, path);
    return true;
  } catch (error) {
    if (isFull(error)) throw diskError(error, path);
    return false;
  }
}
