import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addPhotos } from '../../../src/main/engine/collections/gather.ts';
import { createCollection } from '../../../src/main/engine/collections/store.ts';
import { commitCollection } from '../../../src/main/engine/collections/commit.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { SearchSession } from '../../../src/main/engine/search/session.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE } from '../../support/small-library.ts';

const task = silentContext();
let library: Library;
let inside: Set<string>;

beforeAll(async () => {
  library = Library.create(join(temporaryFolder(), 'library'));
  ensureDefaultNetwork(library);
  await importSources(library, { sources: [join(SAMPLE, 'castle')] }, task);
  const chosen = allPhotos(library).filter((_, i) => i % 3 > 0);
  inside = new Set(chosen.map((p) => p.hash));
  const { uid } = createCollection(library, 'Some').collection;
  addPhotos(
    library,
    uid,
    chosen.map((p) => ({ photo: p.id })),
  );
  await commitCollection(library, { collection: uid, message: '' }, task);
}, 120_000);
afterAll(() => library.close());

it('the teacher knows the photos of a version alone', async () => {
  const session = new SearchSession(library);
  try {
    const asked = { photo: [...inside][0]!, method: 'bow', top: 100 } as const;
    const { hits, collection } = await session.search({ ...asked, collection: 'Some@1' }, task);
    expect(collection).toMatchObject({ collection: 'Some', version: 1, items: inside.size });
    expect(hits.length).toBeGreaterThan(1);
    expect(hits.filter((h) => !inside.has(h.photo))).toEqual([]);
    const all = await session.search(asked, task);
    expect(all.hits.some((h) => !inside.has(h.photo))).toBe(true);
  } finally {
    await session.close();
  }
  const given = { size: 64, words: 100, protocol: 'sfm-easy', collection: 'Some@1' };
  const compared = (await WORK.teacher.run(library, given, task)) as readonly {
    collection?: unknown;
    measurement: number;
  }[];
  expect(compared.length).toBeGreaterThan(0);
  for (const c of compared) expect(c.collection).toMatchObject({ collection: 'Some', version: 1 });
}, 300_000);
