import { copyFileSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PhotoPlacement } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { hashBytes, currentPhoto } from '../library/photos.ts';
import { hashById } from '../library/tables/photo.ts';

/**
 * Puts photos at the given paths. What is there already stays where it is the same photo, so that a second export goes on from the first.
 * @returns how many were put there, and how many are missing.
 * @throws CovisError `INPUT_INVALID` for a path that holds something else.
 */
export function placePhotos(
  library: Library,
  photos: readonly { readonly photo: number; readonly path: string }[],
  how: PhotoPlacement,
  task: TaskContext,
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
      if (hashBytes(readFileSync(path)) !== hashes.one(photo))
        throw new CovisError('INPUT_INVALID', 'Another file is where this photo goes', {
          file: path,
          hint: 'Name a new folder, or empty this one first.',
        });
      placed += 1;
      return;
    }
    let source: string;
    try {
      source = currentPhoto(library, photo);
    } catch (error) {
      if (!(error instanceof CovisError && error.code === 'INPUT_MISSING')) throw error;
      missing += 1;
      return;
    }
    mkdirSync(dirname(path), { recursive: true });
    if (how === 'link' && linked(source, path)) placed += 1;
    else {
      copyFileSync(source, `${path}.tmp`);
      renameSync(`${path}.tmp`, path);
      placed += 1;
    }
  });
  if (missing > 0) task.warn(`${missing} photos are no longer where they were imported from`);
  return { placed, missing };
}

/** False where the system does not let us make links; then photos are copied. */
function linked(source: string, path: string): boolean {
  try {
    symlinkSync(source, path);
    return true;
  } catch {
    return false;
  }
}
