import { rmSync, statSync } from 'node:fs';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { checkJob } from '../../../shared/jobs/check.ts';
import { CovisError } from '../../../shared/errors.ts';
import { versionFaults } from '../collections/version-faults.ts';
import { Library } from '../library/library.ts';
import { recoverDatabase, type Recovery } from '../library/recovery.ts';
import { databaseFaults } from '../library/soundness.ts';
import { bytesOf } from '../library/storage.ts';
import type { TaskContext } from '../queue/context.ts';
import {
  cacheFiles,
  descriptorFiles,
  detectorFiles,
  modelFiles,
  networkFiles,
  photoFiles,
  unusedFiles,
  type Expected,
} from './check-files.ts';
import { makeClusters, makeDescriptors, makeNetworks, removeCaches } from './check-repair.ts';
import { work } from './work.ts';

const EXAMPLES = 10;

type Part = JobResult<'check'>['parts'][number];
type State = 'sound' | 'missing' | 'damaged';

/** Files of one kind, how they come back, and what makes them again where that can be done. */
interface Kind {
  readonly what: string;
  readonly remedy: string;
  readonly files: readonly Expected[];
  /** What is said of one that is there with other content. */
  readonly changed?: string;
  readonly make?: (library: Library, broken: readonly Expected[], task: TaskContext) => Promise<void>;
  /** What is not there is made when it is asked for. */
  readonly madeWhenAsked?: true;
}

async function stateOf({ path, sound }: Expected): Promise<State> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return 'missing';
  try {
    return (await sound()) ? 'sound' : 'damaged';
  } catch (error) {
    // What cannot be read is what is looked for; anything else than the file's fault is not.
    const { code } = error as NodeJS.ErrnoException;
    // Taken away since it was looked for.
    if (code === 'ENOENT') return 'missing';
    if (error instanceof CovisError || (code !== undefined && !code.startsWith('SQLITE'))) return 'damaged';
    throw error;
  }
}

async function broken(
  kind: Kind,
  files: readonly Expected[],
  task: TaskContext,
): Promise<{ readonly file: Expected; readonly state: State }[]> {
  task.step(`Checking ${kind.what}`, files.length, 'files');
  const out: { file: Expected; state: State }[] = [];
  for (const [i, file] of files.entries()) {
    task.check();
    const state = await stateOf(file);
    if (state !== 'sound' && !(state === 'missing' && kind.madeWhenAsked)) out.push({ file, state });
    task.progress(i + 1);
  }
  return out;
}

async function look(library: Library, kind: Kind, repair: boolean, task: TaskContext): Promise<Part> {
  let found = await broken(kind, kind.files, task);
  const before = found.length;
  if (repair && before > 0 && kind.make !== undefined) {
    const files = found.map((f) => f.file);
    await kind.make(library, files, task);
    found = await broken(kind, files, task);
  }
  return {
    what: kind.what,
    files: kind.files.length,
    missing: found.filter((f) => f.state === 'missing').length,
    damaged: found.filter((f) => f.state === 'damaged').length,
    examples: found
      .slice(0, EXAMPLES)
      .map((f) => `${f.file.path} (${f.state === 'damaged' ? (kind.changed ?? f.state) : f.state})`),
    remedy: kind.remedy,
    depends: [...new Set(found.flatMap((f) => f.file.depends()))].slice(0, EXAMPLES),
    mended: before - found.length,
  };
}

/**
 * Recovers the database of a library that cannot be opened because of it, or, where everything is read, in which anything is wrong.
 * @returns null where there is nothing to recover. @throws CovisError as opening a library, and as {@link recoverDatabase}.
 */
export function recoverFirst(path: string, full: boolean, task: TaskContext): Recovery | null {
  task.step('Checking the database', 0, '');
  try {
    const library = Library.open(path);
    try {
      if (!full || databaseFaults(library.db, true).length === 0) return null;
    } finally {
      library.close();
    }
  } catch (error) {
    if (!(error instanceof CovisError) || error.code !== 'INPUT_CORRUPT') throw error;
  }
  task.step('Recovering the database', 0, '');
  return recoverDatabase(path, () => task.check());
}

export const checkWork = work(checkJob, async (library, { full, repair, remove }, task) => {
  task.step('Checking the database', 0, '');
  const kinds: Kind[] = [
    {
      what: 'photos',
      remedy: 'Put missing ones back where they were; import the folders of changed ones again.',
      files: photoFiles(library, full),
    },
    {
      what: 'networks',
      remedy: 'The embedded one comes back with --repair; add or train the others again.',
      files: networkFiles(library),
      make: makeNetworks,
    },
    {
      what: 'edge detectors',
      remedy: 'Name the ONNX file of the detector again.',
      files: detectorFiles(library),
    },
    {
      what: '3D models',
      remedy:
        'Import the models again, or --repair. What was merged or split is undone, and done again once its parts are whole.',
      files: modelFiles(library, full),
      make: makeClusters,
    },
    {
      what: 'descriptors',
      remedy: 'Extract again, or --repair; import those of other programs again.',
      files: descriptorFiles(library, full),
      make: makeDescriptors,
    },
    {
      what: 'thumbnails, edge maps and features',
      remedy: 'Delete them, or --repair: they are made again when they are asked for.',
      files: await cacheFiles(library, full),
      make: removeCaches,
      madeWhenAsked: true,
    },
  ];
  const database = [...databaseFaults(library.db, full), ...versionFaults(library, full, () => task.check())];
  const parts: Part[] = [];
  for (const kind of kinds) parts.push(await look(library, kind, repair, task));
  const unused = await unusedFiles(library);
  if (remove) for (const { path } of unused) rmSync(path, { force: true });
  return {
    recovered: null,
    database,
    parts,
    unused: {
      files: unused.length,
      bytes: bytesOf(unused),
      removed: remove,
      examples: unused.slice(0, EXAMPLES).map((f) => f.path),
    },
  };
});
