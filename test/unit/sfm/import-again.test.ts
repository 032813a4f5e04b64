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
  it('reads a photo anew that has another time, also one whose time was set back, and no photo that nobody touched', async () => {
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
    const again = () => importSources(library, { sources: [root] }, silentContext());
    await again();
    const before = hashes();
    expect(Object.keys(before).sort()).toEqual(['changed.jpg', 'kept.jpg']);

    const { atime, mtime } = statSync(kept);
    await photo(changed, 3, 6000);
    utimesSync(changed, atime, new Date(mtime.getTime() + 5000));
    await again();
    expect(hashes()['changed.jpg']).not.toBe(before['changed.jpg']);
    expect(hashes()['kept.jpg']).toBe(before['kept.jpg']);

    // As `cp -p` and `touch -r` leave it: the system's own time of change tells.
    await photo(kept, 4, 6000);
    utimesSync(kept, atime, mtime);
    await again();
    const after = hashes();
    expect(after['kept.jpg']).not.toBe(before['kept.jpg']);

    // What is known of a file that was not touched is kept as it is, since the file is not read.
    library.db.prepare("UPDATE photo SET camera = 'as known'").run();
    await photo(changed, 5, 6000);
    await again();
    const cameras = library.db
      .prepare('SELECT f.name, p.camera FROM photo_file f JOIN photo p ON p.id = f.photo_id ORDER BY f.name')
      .raw()
      .all();
    expect(cameras).toEqual([
      ['changed.jpg', null],
      ['kept.jpg', 'as known'],
    ]);
    library.close();
  });
});
