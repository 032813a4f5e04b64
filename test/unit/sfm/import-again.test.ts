import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { writePhoto } from '../../support/colmap.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();

/** A JPEG with bytes behind its end marker, so that two can have the same size. */
async function photo(file: string, seed: number, size: number): Promise<void> {
  await writePhoto(file, seed, [40, 30]);
  const bytes = readFileSync(file);
  writeFileSync(file, Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]));
}

describe('importing a folder again', () => {
  it('reads a photo anew that has the same size and another time, and no photo whose size and time are as before', async () => {
    const root = join(folder, 'photos');
    const [changed, kept] = [join(root, 'changed.jpg'), join(root, 'kept.jpg')];
    await photo(changed, 1, 6000);
    await photo(kept, 2, 6000);
    const library = Library.create(join(folder, 'library'));
    const hashes = (): Record<string, string> =>
      Object.fromEntries(
        library.db.prepare('SELECT f.name, p.hash FROM photo_file f JOIN photo p ON p.id = f.photo_id').raw().all() as [
          string,
          string,
        ][],
      );
    await importSources(library, { sources: [root] }, silentContext());
    const before = hashes();
    expect(Object.keys(before).sort()).toEqual(['changed.jpg', 'kept.jpg']);

    const { atime, mtime } = statSync(kept);
    await photo(changed, 3, 6000);
    utimesSync(changed, atime, new Date(mtime.getTime() + 5000));
    await photo(kept, 4, 6000);
    utimesSync(kept, atime, mtime);
    // The time that was kept has parts of a millisecond, which setting it by a Date loses: the first look may read it anew.
    await importSources(library, { sources: [root] }, silentContext());
    const after = hashes();
    expect(after['changed.jpg']).not.toBe(before['changed.jpg']);

    await photo(kept, 5, 6000);
    utimesSync(kept, atime, mtime);
    await importSources(library, { sources: [root] }, silentContext());
    expect(hashes()).toEqual(after);

    await photo(kept, 5, 6001);
    utimesSync(kept, atime, mtime);
    await importSources(library, { sources: [root] }, silentContext());
    expect(hashes()['kept.jpg']).not.toBe(after['kept.jpg']);
    library.close();
  });
});
