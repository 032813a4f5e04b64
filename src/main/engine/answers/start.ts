import { existsSync, readdirSync } from 'node:fs';
import { join, parse } from 'node:path';
import type { z } from 'zod';
import { startRoutes } from '../../../shared/routes/start.ts';
import { defined } from '../../../shared/defined.ts';
import { EXPORTS, type ExportFormat } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { JOBS } from '../../../shared/jobs/index.ts';
import { submitJob, submitParamsOf } from '../../../shared/jobs/submit.ts';
import { madeOf, withPaths } from '../../../shared/schema.ts';
import { portableName } from '../collections/portable-paths.ts';
import { BACKUP_MANIFEST } from '../formats/target.ts';
import { Library } from '../library/library.ts';
import { resolveNetwork } from '../network/networks.ts';
import { FILES_FOR } from '../start/file-kinds.ts';
import { lookAtMachine } from '../start/machine.ts';
import { copySample, sampleFolders } from '../start/sample.ts';
import { librarySteps, looseFolders } from '../start/steps.ts';
import { replacedBackup } from '../work/backup.ts';
import { answers, changed, type EngineContext } from './answers.ts';
import { startDownload, startJob } from './jobs.ts';
import { libraryInfo } from './library.ts';
import { restore, stopRestoring } from './restore.ts';

/** What runs or waits in the open library. */
function going(engine: EngineContext): readonly string[] {
  return engine.current() === undefined ? [] : engine.queue.going;
}

/** @throws CovisError `STATE_CONFLICT` while a job runs that nobody said may be stopped. */
function refuseWhileJobs(engine: EngineContext, stopJobs: boolean): void {
  const [first] = stopJobs ? [] : going(engine);
  if (first !== undefined)
    throw new CovisError('STATE_CONFLICT', `“${first}” is at work in the open library`, {
      hint: 'Wait until it is done, or say that it may be stopped.',
    });
}

/** @throws CovisError where no library is in this folder, or the one that is open is. */
function refuseNoLibrary(path: string): void {
  if (!Library.exists(path))
    throw new CovisError('NOT_FOUND', 'No library is in this folder', {
      file: path,
      hint: 'Choose the folder that has library.db in it, or make a new library.',
    });
}

/** A new folder within one that was chosen. @throws CovisError `STATE_CONFLICT` where something is there. */
function newWithin(engine: EngineContext, within: string, name: string): string {
  const path = join(engine.desk.places.pathOf(within), name);
  if (existsSync(path))
    throw new CovisError('STATE_CONFLICT', 'There is something of this name already', {
      file: path,
      hint: Library.exists(path) ? 'It is a library: open it instead.' : 'Choose another name.',
    });
  return path;
}

/** Something new within a folder: a folder that is empty is that itself, else a number is added where the name is taken. */
function newPlace(folder: string, name: string, ending: string): string {
  if (ending === '' && readdirSync(folder).length === 0) return folder;
  for (let n = 1; ; n += 1) {
    const path = join(folder, `${name}${n === 1 ? '' : `-${n}`}${ending}`);
    if (!existsSync(path)) return path;
  }
}

/** Where an export goes within a folder. */
function exportPlace(folder: string, library: string, format: ExportFormat): string {
  const into = EXPORTS[format].writes === 'folder';
  return newPlace(folder, `${library}-${format}`, into ? '' : format === 'network' ? '.onnx' : '.npy');
}

/** Where what a job writes goes within a folder. @param made as schemas say it. */
function madePlace(folder: string, made: string): string {
  const { name, ext } = parse(made);
  return newPlace(folder, name, ext);
}

const NETWORK_NAME = '{network}';

/** What is called what a job makes, by what its schema says: the name of its network stands where that has `{network}`. */
async function naming(
  { library }: EngineContext,
  params: z.ZodObject,
  network: unknown,
): Promise<(made: string) => string> {
  if (!madeOf(params).some(({ meta }) => meta.made!.includes(NETWORK_NAME))) return (made) => made;
  const { spec } = await resolveNetwork(library, typeof network === 'string' ? network : undefined, 'default');
  return (made) => made.replace(NETWORK_NAME, () => portableName(spec.name.replaceAll('/', '_')));
}

/** Where a backup goes for a folder that was chosen. */
function backupPlace(engine: EngineContext, folder: string): string {
  const chosen = engine.desk.places.pathOf(folder);
  const fits = readdirSync(chosen).length === 0 || existsSync(join(chosen, BACKUP_MANIFEST));
  return fits ? chosen : join(chosen, `${engine.library.name} backup`);
}

/** Where a job of the library may go on when it is opened once more, nothing is done. */
async function openAt(engine: EngineContext, path: string, stopJobs: boolean): Promise<Library> {
  const open = engine.current();
  if (open?.path === path) return open;
  refuseWhileJobs(engine, stopJobs);
  return engine.open(path);
}

export const start = answers(startRoutes, {
  'start.overview': (engine) => engine.desk.overview(),
  'start.leaving': (engine) => going(engine),
  'start.folders': (engine, { folder, find, files }) =>
    engine.desk.places.list(folder, find, files === undefined ? [] : FILES_FOR[files]),
  'start.open': async (engine, { folder, stopJobs }) => {
    const path = engine.desk.places.pathOf(folder);
    refuseNoLibrary(path);
    return libraryInfo(await openAt(engine, path, stopJobs));
  },
  'start.create': async (engine, { within, name, stopJobs }) =>
    libraryInfo(await openAt(engine, newWithin(engine, within, name), stopJobs)),
  'start.close': async (engine, { stopJobs }) => {
    refuseWhileJobs(engine, stopJobs);
    await engine.shut();
    return null;
  },
  'start.forget': (engine, { library }) => {
    engine.desk.forget(library);
    changed(engine, 'recent');
    return null;
  },
  'start.locate': async (engine, { library, folder, stopJobs }) => {
    const { photos } = engine.desk.refuseUnlisted(library);
    const path = engine.desk.places.pathOf(folder);
    refuseNoLibrary(path);
    const found = engine.desk.places.idOf(path);
    if (found !== library && engine.desk.isListed(found))
      throw new CovisError('INPUT_INVALID', 'This is another library, which is in the list itself', {
        file: path,
        hint: 'Choose where the one that is gone lies now, or open this one from the list.',
      });
    const opened = await openAt(engine, path, stopJobs);
    const info = libraryInfo(opened);
    // One that holds other photos may be another: the one that is gone stays in the list. What lies where it lay is it.
    const stays = found !== library && photos !== null && photos !== info.photos;
    if (found !== library && !stays) engine.desk.forget(library);
    return { ...info, stays };
  },
  'start.sample': async (engine, { stopJobs }) => {
    const { library } = sampleFolders();
    if (engine.current()?.path !== library) refuseWhileJobs(engine, stopJobs);
    const photos = await copySample();
    const opened = await openAt(engine, library, stopJobs);
    const info = libraryInfo(opened);
    const imported = info.photos > 0 || opened.readOnly !== undefined || engine.queue.going.length > 0;
    return { library: info, job: imported ? null : startJob(engine, 'import', { sources: [photos] }).job };
  },
  'start.import': (engine, { folders, images, ...how }) =>
    startJob(engine, 'import', {
      sources: folders.map((f) => engine.desk.places.pathOf(f)),
      ...(images === undefined ? {} : { images: engine.desk.places.pathOf(images) }),
      ...how,
    }),
  'start.job': async (engine, { job: { kind, ...given } }) => {
    // What is given goes with the kind; the queue checks it against the job's own schema.
    const params = kind === submitJob.kind ? submitParamsOf(given['work']) : JOBS[kind].params;
    const madeName = await naming(engine, params, given['network' as never]);
    let path: string | null = null;
    const pathOf = (id: string, made?: string): string => {
      const chosen = engine.desk.places.pathOf(id);
      return made === undefined ? chosen : (path = madePlace(chosen, madeName(made)));
    };
    const { job } = startJob(engine, kind, withPaths(params, given, pathOf) as never);
    return { job, path };
  },
  'start.download': async (engine, { job: { kind, ...given } }) => {
    const { params } = JOBS[kind];
    const rest = withPaths(params, given, (id) => engine.desk.places.pathOf(id));
    const madeName = await naming(engine, params, given['network' as never]);
    return startDownload(engine, `${engine.library.name}-${kind}`, (folder, called) => {
      const places = madeOf(params).map(({ path, meta }) => [path[0]!, madePlace(folder, madeName(meta.made!))]);
      return startJob(engine, kind, { ...rest, ...Object.fromEntries(places) } as never, called);
    });
  },
  'start.restore': async (engine, { backup, within, name, stopJobs }) => {
    const from = engine.desk.places.pathOf(backup);
    const path = newWithin(engine, within, name);
    refuseWhileJobs(engine, stopJobs);
    const { library, ...restored } = await restore(engine, from, path);
    return { ...restored, library: libraryInfo(await openAt(engine, library, stopJobs)) };
  },
  'start.stopRestoring': () => {
    stopRestoring();
    return null;
  },
  'start.export': (engine, { folder, format, ...asked }) => {
    const path = exportPlace(engine.desk.places.pathOf(folder), engine.library.name, format);
    return { ...startJob(engine, 'export', { out: path, format, ...defined(asked) }), path };
  },
  'start.machine': (engine) => lookAtMachine(engine.current()?.path),
  'start.backupPlace': (engine, { folder }) => {
    const path = backupPlace(engine, folder);
    return { path, replaces: replacedBackup(engine.library, path) ?? null };
  },
  'start.backup': (engine, { folder, without, force }) => {
    const path = backupPlace(engine, folder);
    return { ...startJob(engine, 'backup', { out: path, without, force }), path };
  },
  'start.steps': (engine) => librarySteps(engine.library),
  'start.places': (engine) => {
    const folders = looseFolders(engine.library);
    if (folders.length === 0)
      throw new CovisError('STATE_EMPTY', 'There is no folder of photos in which places are still to be found', {
        hint: 'Choose one: “Find places in a folder of photos”.',
      });
    return { jobs: folders.map((photos) => startJob(engine, 'cluster', { photos }).job) };
  },
  'start.chosen': (engine, { paths }) => Promise.all(paths.map((p) => engine.desk.places.chosen(p))),
  'start.known': (engine, { paths }) => {
    engine.desk.know(paths);
    changed(engine, 'recent');
    return null;
  },
});
