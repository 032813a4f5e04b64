import { join } from 'node:path';
import { collectionFileRoutes } from '../../../shared/routes/collection-files.ts';
import { CovisError } from '../../../shared/errors.ts';
import { portableName } from '../collections/portable-paths.ts';
import type { Library } from '../library/library.ts';
import { collectionState, newestVersion } from '../library/tables/collection.ts';
import { answers } from './answers.ts';
import { startJob } from './jobs.ts';

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
    const { id, started } = engine.downloads.begin(name, (within) => {
      const { job } = startJob(engine, 'collection-export', { ...how, out: join(within, name) });
      const { queue } = engine;
      return { job, ready: () => queue.list().find((j) => j.id === job)?.state === 'done' };
    });
    return { job: started.job, download: id };
  },
  'collection-files.import': (engine, { folder, photos }) =>
    startJob(engine, 'collection-import', { folder: engine.desk.places.pathOf(folder), photos }),
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
