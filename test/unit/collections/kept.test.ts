import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addPhotos } from '../../../src/main/engine/collections/gather.ts';
import { createCollection, deleteCollection } from '../../../src/main/engine/collections/store.ts';
import { versionFaults } from '../../../src/main/engine/collections/version-faults.ts';
import { commitCollection } from '../../../src/main/engine/collections/commit.ts';
import { restoreVersion, versionContent } from '../../../src/main/engine/collections/versions.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { snapshot } from '../../../src/main/engine/library/snapshot.ts';
import { collectionState } from '../../../src/main/engine/library/tables/collection.ts';
import { undo } from '../../../src/main/engine/mining/decisions.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { checkWork } from '../../../src/main/engine/work/check.ts';
import { mkdirSync } from 'node:fs';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const task = silentContext();
let library: Library;

beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
  const { uid } = createCollection(library, 'Kept').collection;
  addPhotos(
    library,
    uid,
    allPhotos(library)
      .slice(0, 6)
      .map((p) => ({ photo: p.id })),
    { how: 'search', query: 'q', method: 'cosine', network: 'f'.repeat(16) },
  );
  await commitCollection(library, { collection: uid, message: '', author: 'Ada' }, task);
}, 120_000);
afterAll(() => library.close());

function content(of: Library): ReturnType<typeof versionContent> {
  const { collection, version } = collectionState(of, 'Kept@1');
  return versionContent(of, collection, version!);
}

describe('versions are kept', () => {
  it('through a backup, with all that they hold', async () => {
    mkdirSync(join(folder, 'copy'));
    await snapshot(library, join(folder, 'copy', 'library.db'), false, () => undefined);
    const copy = Library.open(join(folder, 'copy'));
    try {
      expect(content(copy)).toEqual(content(library));
      expect(versionFaults(copy, true)).toEqual([]);
    } finally {
      copy.close();
    }
  });

  it('when networks are removed, photos forgotten and the collection deleted', () => {
    const before = content(library);
    library.db.exec("UPDATE network SET removed = '2026-01-01'");
    const photo = allPhotos(library)[0]!;
    library.db.prepare('DELETE FROM photo_file WHERE photo_id = ?').run(photo.id);
    expect(content(library)).toEqual(before);
    deleteCollection(library, 'Kept');
    expect(versionFaults(library, true)).toEqual([]);
    undo(library);
    expect(restoreVersion(library, 'Kept', '1')).toMatchObject({ action: null, missing: [] });
  });

  it('and a check says what was lost of them', async () => {
    expect((await checkWork.run(library, { full: true }, task)).database).toEqual([]);
    library.db.exec('DROP TRIGGER version_item_stays; DROP TRIGGER version_item_kept');
    library.db.exec("UPDATE version_item SET path = 'photos/other.jpg' WHERE item = 0");
    expect(versionFaults(library, false)).toEqual([]);
    expect((await checkWork.run(library, { full: true }, task)).database).toEqual([
      'version 1 of the collection Kept is not what its digest says',
    ]);
    expect(() => content(library)).toThrow(/no longer holds all of version 1 of Kept/);
    library.db.exec('DELETE FROM version_item WHERE item = 1');
    expect((await checkWork.run(library, {}, task)).database).toEqual([
      'version 1 of the collection Kept has 5 of its 6 photos',
    ]);
  });
});
