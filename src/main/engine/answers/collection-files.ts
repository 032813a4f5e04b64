import { basename, join } from 'node:path';
import { collectionFileRoutes } from '../../../shared/routes/collection-files.ts';
import { CovisError } from '../../../shared/errors.ts';
import { deed } from '../collections/deeds-thread.ts';
import { isArchive } from '../collections/import-archive.ts';
import { collectionInfo } from '../collections/info.ts';
import { portableName } from '../collections/portable-paths.ts';
import type { Library } from '../library/library.ts';
import { collectionState, newestVersion } from '../library/tables/collection.ts';
import { answers } from './answers.ts';
import { startDownload, startJob } from './jobs.ts';

/** What the folder of a version is called. @throws CovisError `NOT_FOUND`, `STATE_EMPTY` where nothing was committed. */
function folderName(library: Library, wanted: string): string {
  const { collection, version: named } = collectionState(library, wanted);
  const version = named ?? newestVersion(library, collection.id);
  if (version === undefined)
    throw new CovisError('STATE_EMPTY', `${collection.name} has no version yet`, { hint: 'Commit one first.' });
  return portableName(`${collection.name.replaceAll('/', '_')} ${version.number}`);
}

export const collectionFiles = answers(collectionFileRoutes, {
  'collection-files.export': (engine, { folder, ...how }) => {
    const path = join(engine.desk.places.pathOf(folder), folderName(engine.library, how.collection));
    return { ...startJob(engine, 'collection-export', { ...how, out: path }), path };
  },
  'collection-files.download': (engine, how) => {
    const name = folderName(engine.library, how.collection);
    return startDownload(engine, name, (within, called) =>
      startJob(engine, 'collection-export', { ...how, out: join(within, name) }, called),
    );
  },
  'collection-files.import': (engine, { folder, file, fileName, name, photos, unpack }) => {
    if ((folder === undefined) === (file === undefined))
      throw new CovisError('INPUT_INVALID', 'Say the folder that was chosen, or the archive that was sent');
    const { places } = engine.desk;
    if (file !== undefined && photos && unpack === undefined)
      throw new CovisError('INPUT_INVALID', 'Say the folder that photos of an archive are unpacked into', {
        hint: 'They have to stay there.',
      });
    const from = file === undefined ? places.pathOf(folder!) : engine.incoming.file(file);
    // A folder of its own in the one that was chosen.
    const called = portableName((fileName ?? basename(from)).replaceAll('/', '_').replace(/\.zip$/i, ''));
    const into =
      unpack === undefined ? undefined : join(places.pathOf(unpack), isArchive(from) ? called : `${called} photos`);
    const given = {
      folder: from,
      photos,
      ...(name === undefined ? {} : { name }),
      ...(into === undefined || !photos ? {} : { unpack: into }),
    };
    const sent =
      file === undefined ? undefined : { path: from, name: basename(fileName ?? 'the archive that was sent') };
    const { job } = startJob(engine, 'collection-import', given, sent);
    const { queue } = engine;
    if (file !== undefined)
      engine.incoming.hold(file, () => {
        const state = queue.list().find((j) => j.id === job)?.state;
        return state === 'queued' || state === 'running';
      });
    return { job };
  },
  'collection-files.sent': ({ incoming }, { file }) => ({ bytes: incoming.bytes(file) }),
  'collection-files.drop': ({ incoming }, { file }) => {
    incoming.drop(file);
    return null;
  },
  'collection-files.table': async ({ library, downloads }, { collection }) => {
    const { name, id, items } = collectionInfo(library, collection);
    const download = await downloads.write(`${portableName(name.replaceAll('/', '_'))}.csv`, (out) =>
      deed(library, items, 'writeTable', undefined, id, out),
    );
    return { download };
  },
  'collection-files.bundle': async ({ library, downloads }, { collection, version, base, author }) => {
    const { name, id, items } = collectionInfo(library, collection);
    const asked = { collection: id, version: String(version), base: String(base), author };
    const download = await downloads.write(
      `${portableName(name.replaceAll('/', '_'))} ${base}-${version}.jsonl`,
      (out) => deed(library, items, 'writeBundle', undefined, asked, out),
    );
    return { download };
  },
  'collection-files.verify': (engine, { folder, repair, force, level }) => {
    if (force && repair === undefined)
      throw new CovisError('INPUT_INVALID', 'A changed file is put right with a folder to repair from');
    return startJob(engine, 'collection-verify', {
      folder: engine.desk.places.pathOf(folder),
      level,
      force,
      ...(repair === undefined ? {} : { repair: engine.desk.places.pathOf(repair) }),
    });
  },
});
