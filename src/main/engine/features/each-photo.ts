import { photosAtOnce } from '../environment/threads.ts';
import { CovisError } from '../../../shared/errors.ts';
import { LeftOut, ofCurrentPhoto } from '../library/current-photo.ts';
import type { Library } from '../library/library.ts';
import type { TaskContext } from '../queue/context.ts';

const COMMIT_EVERY = 64;

/**
 * Computes something of the file of each photo, several at a time, and writes it as it comes, so that a stopped task goes on where it was.
 * Photos that are gone or cannot be read are said and left out.
 * @param step what is being done. @param write one result, inside a transaction. @returns how many were computed. @throws CovisError `CANCELLED`.
 */
export async function eachPhoto<T>(
  library: Library,
  photos: readonly number[],
  {
    step,
    compute,
    write,
  }: { step: string; compute: (file: string) => Promise<T>; write: (photo: number, found: T) => void },
  task: TaskContext,
): Promise<number> {
  task.step(step, photos.length, 'photos');
  const gone = new LeftOut();
  let rows: (readonly [number, T])[] = [];
  let next = 0;
  let done = 0;
  let computed = 0;
  const flush = (): void => {
    const full = rows;
    rows = [];
    library.transaction(() => full.forEach(([photo, found]) => write(photo, found)));
    computed += full.length;
  };
  const work = async (): Promise<void> => {
    while (next < photos.length) {
      const photo = photos[next++]!;
      task.check();
      try {
        // Not within the call below: what `rows` is may change while this waits.
        const found = await ofCurrentPhoto(library, photo, compute);
        rows.push([photo, found]);
      } catch (error) {
        if (!(error instanceof CovisError) || error.code === 'CANCELLED') throw error;
        if (!gone.takes(error)) task.warn(`${error.message}: ${error.file ?? photo}`);
      }
      if (rows.length >= COMMIT_EVERY) flush();
      task.progress((done += 1));
    }
  };
  try {
    await Promise.all(Array.from({ length: photosAtOnce() }, work));
  } finally {
    if (rows.length > 0) flush();
    if (computed > 0) task.changed('photos');
  }
  gone.say((m) => task.warn(m));
  return computed;
}
