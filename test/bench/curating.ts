/** A curator's work on 100,000 photos: what each step takes, in the engine, over the wire and in a browser. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { addPhotos, movePhotos, removePhotos } from '../../src/main/engine/collections/gather.ts';
import { collectionDifference } from '../../src/main/engine/collections/compare.ts';
import { commitCollection } from '../../src/main/engine/collections/commit.ts';
import { exportCollection } from '../../src/main/engine/collections/exports/index.ts';
import { foldCollection } from '../../src/main/engine/collections/fold-collection.ts';
import { proposeLibraryFolds } from '../../src/main/engine/collections/fold-library.ts';
import { listCollections } from '../../src/main/engine/collections/info.ts';
import { photoLists } from '../../src/main/engine/collections/lists.ts';
import { createCollection } from '../../src/main/engine/collections/store.ts';
import { versionMaterial } from '../../src/main/engine/collections/version-material.ts';
import { restoreVersion, versionHistory } from '../../src/main/engine/collections/versions.ts';
import { redo, undo } from '../../src/main/engine/mining/decisions.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import type { CollectionFormat } from '../../src/shared/exports/collections/index.ts';
import { curatorLibrary, looked, type CuratorLibrary } from './curator-library.ts';
import { curatingPage } from './curating-page.ts';
import { curatingServed } from './curating-served.ts';
import { line } from './report.ts';

const PHOTOS = 100_000;
const FOLDERS = 500;
const DIM = 256;

/** @param folder scratch. */
export async function curating(folder: string): Promise<void> {
  const parts = new Set(process.env['COVIS_BENCH_PARTS']?.split(',') ?? ['engine', 'served', 'page', 'export']);
  const made = await curatorLibrary(folder, {
    photos: PHOTOS,
    folders: FOLDERS,
    dim: DIM,
    width: 160,
    height: 120,
    files: true,
  });
  console.log(
    `${PHOTOS.toLocaleString('en')} photos in ${FOLDERS} folders, each a JPEG file of 160 x 120 pixels of its own content, ${(made.bytes / 1e6).toFixed(0)} MB in all\n`,
  );
  looked(made.library);
  if (parts.has('engine')) await engine(made.library);
  if (parts.has('export')) await exports(made, folder, 'small files');
  made.library.close();
  if (parts.has('served')) await curatingServed(made.library.path);
  if (parts.has('page')) await curatingPage(made.library.path);
  if (parts.has('export')) {
    const large = join(folder, 'large');
    const few = await curatorLibrary(large, {
      photos: 500,
      folders: 10,
      dim: 8,
      width: 3200,
      height: 2400,
      files: true,
    });
    await exports(few, large, 'large files');
    few.library.close();
  }
}

async function timed(what: string, limit: number | null, work: () => unknown): Promise<void> {
  const began = performance.now();
  const said = await work();
  const s = (performance.now() - began) / 1000;
  const asked = limit === null ? '' : `the limit asked for is ${limit} s`;
  line(
    what,
    `${s.toFixed(2)} s${typeof said === 'string' ? `, ${said}` : ''}`,
    asked,
    limit === null ? null : limit / s,
  );
}

/** In this process, without a page. */
async function engine(library: CuratorLibrary['library']): Promise<void> {
  const { uid } = createCollection(library, 'All').collection;
  const photos = Array.from({ length: PHOTOS }, (_, i) => i + 1);
  const task = silentContext();
  await timed(
    'adding all',
    2,
    () =>
      void addPhotos(
        library,
        uid,
        photos.map((photo) => ({ photo })),
      ),
  );
  await timed('  undo of it', null, () => void undo(library));
  await timed('  redo of it', null, () => void redo(library));
  await timed('list of collections after it', null, () => void listCollections(library));
  await timed(
    'commit',
    null,
    async () => void (await commitCollection(library, { collection: uid, message: '' }, task)),
  );
  await timed('list of collections after it', null, () => void listCollections(library));
  await timed('moving 1,000 to the front', null, () => void movePhotos(library, uid, photos.slice(-1000), 1));
  await timed('taking out 10,000', null, () => void removePhotos(library, uid, photos.slice(20_000, 30_000)));
  await timed(
    'commit of a second version',
    null,
    async () => void (await commitCollection(library, { collection: uid, message: '' }, task)),
  );
  await timed(
    'difference of two versions',
    null,
    () => `${collectionDifference(library, uid, 1, 2).photos.length} photos`,
  );
  await timed(
    'difference of nothing and a version',
    null,
    () => `${collectionDifference(library, uid, null, 2).photos.length} photos`,
  );
  await timed('history of two versions', null, () => void versionHistory(library, uid));
  await timed('restoring the first', null, () => void restoreVersion(library, uid, '1'));
  await timed('taking out all', null, () => void removePhotos(library, uid, photos));
  await timed('  undo of it', null, () => void undo(library));
  await timed('proposing folds', null, () => {
    const { folded, total } = proposeLibraryFolds(library, {}, false);
    return `${folded} photos in ${total} groups, ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB in all`;
  });
  await timed('folding', null, () => `${proposeLibraryFolds(library, {}, true).changed} photos`);
  await timed('folding the collection', null, () => `${foldCollection(library, uid).folded} photos`);
  await timed('  undo of both', null, () => void [undo(library), undo(library)]);
  const lists = photoLists(library);
  for (const sort of ['order', 'name', 'taken', 'score'] as const)
    await timed(
      `opening the list by ${sort}`,
      null,
      () => void lists.open({ collection: uid, filter: {}, sort, descending: false }),
    );
  await timed(
    'opening it by words of a name',
    null,
    () => void lists.open({ collection: uid, filter: { text: 'img_01' }, sort: 'order', descending: false }),
  );
  await timed(
    'opening what is in no collection',
    null,
    () => void lists.open({ collection: null, filter: { inNone: true }, sort: 'order', descending: false }),
  );
  const { list } = lists.open({ collection: uid, filter: {}, sort: 'order', descending: false });
  await timed('a page of 200 near the end', null, () => void lists.page(list, 99_000, 200));
}

/** Exports against `cp -r` of the same photos; both to the disk, which is flushed, and with a cache that is warm. */
async function exports({ library, bytes, photos }: CuratorLibrary, folder: string, what: string): Promise<void> {
  const task = silentContext();
  const { uid } = createCollection(library, `Exported ${what}`).collection;
  const count = library.db.prepare('SELECT COUNT(*) FROM photo').pluck().get() as number;
  addPhotos(
    library,
    uid,
    Array.from({ length: count }, (_, i) => ({ photo: i + 1 })),
  );
  await commitCollection(library, { collection: uid, message: '' }, task);
  const flush = (): void => void spawnSync('sync', ['-f', folder]);
  const took = async (work: () => unknown): Promise<number> => {
    flush();
    const began = performance.now();
    await work();
    flush();
    return (performance.now() - began) / 1000;
  };
  const out = join(folder, 'exported');
  mkdirSync(out);
  const copy = async (): Promise<number> => {
    const s = await took(() => spawnSync('cp', ['-r', photos, join(out, 'copy')]));
    rmSync(join(out, 'copy'), { recursive: true });
    return s;
  };
  await copy();
  for (const format of ['folder', 'bagit', 'webdataset'] as CollectionFormat[]) {
    const plain = await copy();
    let peak = 0;
    const s = await took(async () => {
      const material = await versionMaterial(library, uid, { needed: false, wanted: false }, task);
      const at = join(out, format);
      await exportCollection(
        material,
        {
          out: at,
          formats: [format],
          photos: 'copy',
          removeGps: false,
          sidecars: false,
          folds: 'all',
          gallery: false,
          shardBytes: 1e9,
        },
        task,
      );
      peak = process.memoryUsage().rss;
    });
    rmSync(join(out, format), { recursive: true });
    line(
      `${format} of ${count} ${what}`,
      `${s.toFixed(1)} s, ${(bytes / 1e6 / s).toFixed(0)} MB/s, ${(peak / 1e6).toFixed(0)} MB in all`,
      `cp -r ${plain.toFixed(1)} s`,
      plain / s,
    );
  }
  rmSync(out, { recursive: true });
}
