import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { importJob } from '../../../shared/jobs/import.ts';
import type { JobGiven } from '../../../shared/jobs/index.ts';
import type { ParamsOf, ResultOf } from '../../../shared/jobs/job.ts';
import { check } from '../../../shared/schema.ts';
import { importPairs, isPairList } from '../exchange/import-pairs.ts';
import { copyDatabase } from '../library/database-copy.ts';
import { Library } from '../library/library.ts';
import { replaceClusters } from '../mining/cluster-changes.ts';
import type { TaskContext } from '../queue/context.ts';
import { importSources, refuseNoSource, type ImportReport } from '../sfm/import.ts';
import { work } from './work.ts';

type Params = ParamsOf<typeof importJob>;
type Result = ResultOf<typeof importJob>;

/** Models and folders of photos together; lists of pairs one by one. */
async function importAll(
  library: Library,
  { sources, images, keepBoth, skipDamaged }: Params,
  task: TaskContext,
): Promise<Omit<Result, 'dryRun'>> {
  const lists = sources.filter(isPairList);
  const folders = sources.filter((s) => !lists.includes(s));
  const reports: ImportReport[] = [];
  if (folders.length > 0)
    reports.push(
      await importSources(library, { sources: folders, images, keepBoth, skipDamaged, replace: replaceClusters }, task),
    );
  for (const list of lists) reports.push(await importPairs(library, list, images, task));
  const sum = (key: 'photos' | 'bound' | 'clusters' | 'points' | 'observations' | 'pairs'): number =>
    reports.reduce((n, r) => n + r[key], 0);
  return {
    photos: sum('photos'),
    bound: sum('bound'),
    clusters: sum('clusters'),
    points: sum('points'),
    observations: sum('observations'),
    pairs: sum('pairs'),
    missing: reports.flatMap((r) => r.missing),
    ambiguous: reports.flatMap((r) => r.ambiguous ?? []),
    passedOver: reports.flatMap((r) => r.passedOver ?? []),
    scenes: reports.flatMap((r) => r.scenes ?? []),
    warnings: reports.flatMap((r) => r.warnings),
  };
}

/** For a library that is still to be made. @throws CovisError as the import would where there is nothing to import. */
export function refuseNothingToImport({ sources, images }: Pick<JobGiven<'import'>, 'sources' | 'images'>): void {
  const folders = sources.filter((s) => !isPairList(s));
  if (folders.length > 0) refuseNoSource({ sources: folders, images });
}

/**
 * An import into a copy of the library that is thrown away: everything is read, checked and compared as it would be, and the library is
 * not touched.
 * @param triedFor an open library, or the folder in which one is or would be made, which is not even opened; nothing for a new one.
 * @throws CovisError as the import itself.
 */
export async function tryImport(given: unknown, task: TaskContext, triedFor?: Library | string): Promise<Result> {
  const params = check(importJob.params, given);
  const at = mkdtempSync(join(tmpdir(), 'covis-dry-run-'));
  try {
    const library = copyOf(triedFor, at);
    try {
      const unseen: TaskContext = {
        step: (name, total, unit) => task.step(name, total, unit),
        progress: (done) => task.progress(done),
        warn: (message) => task.warn(message),
        changed: () => undefined,
        check: () => task.check(),
      };
      return { ...(await importAll(library, params, unseen)), dryRun: true };
    } finally {
      library.close();
    }
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
}

function copyOf(of: Library | string | undefined, at: string): Library {
  // Of a database that is open here no file is opened beside SQLite: closing it would take its locks.
  if (of instanceof Library) {
    of.db.prepare('VACUUM INTO ?').run(join(at, 'library.db'));
    return Library.open(at, 'copied');
  }
  if (of === undefined) return Library.create(at);
  const root = resolve(of);
  Library.refuseOccupied(root);
  if (!Library.exists(root)) return Library.create(at);
  copyDatabase(root, at);
  try {
    return Library.open(at, 'copied');
  } catch (error) {
    // What is wrong is wrong with the library itself.
    if (!(error instanceof CovisError) || error.file?.startsWith(at) !== true) throw error;
    const { code, message, hint, cause } = error;
    throw new CovisError(code, message, {
      file: join(root, relative(at, error.file)),
      ...(hint === undefined ? {} : { hint: hint.replaceAll(at, root) }),
      cause,
    });
  }
}

/** Imports, or says what an import would find. */
export const importWork = work(importJob, async (library, params, task): Promise<Result> => {
  if (params.dryRun) return tryImport(params, task, library);
  return { ...(await importAll(library, params, task)), dryRun: false };
});
