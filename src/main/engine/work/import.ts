import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toErrorShape } from '../../../shared/errors.ts';
import { importJob } from '../../../shared/jobs/import.ts';
import type { ParamsOf, ResultOf } from '../../../shared/jobs/job.ts';
import { check } from '../../../shared/schema.ts';
import { importPairs, isPairList } from '../exchange/import-pairs.ts';
import { Library } from '../library/library.ts';
import { replaceClusters } from '../mining/cluster-changes.ts';
import type { TaskContext } from '../queue/context.ts';
import { importSources, type ImportReport } from '../sfm/import.ts';
import { work } from './work.ts';

type Params = ParamsOf<typeof importJob>;
type Result = ResultOf<typeof importJob>;

/** Models and folders of photos together; lists of pairs one by one. */
async function importAll(
  library: Library,
  { sources, images, keepBoth, skipDamaged }: Params,
  task: TaskContext,
  triedFor?: Library,
): Promise<Omit<Result, 'dryRun'>> {
  const lists = sources.filter(isPairList);
  const folders = sources.filter((s) => !lists.includes(s));
  const reports: ImportReport[] = [];
  if (folders.length > 0)
    reports.push(
      await importSources(
        library,
        { sources: folders, images, keepBoth, skipDamaged, triedFor, replace: replaceClusters },
        task,
      ),
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

/**
 * An import into a library that is thrown away: everything is read and checked as it would be, and no other library is touched.
 * @param triedFor is looked at for what would be replaced there: an open library, or the folder of one, which is not even opened.
 */
export async function tryImport(given: unknown, task: TaskContext, triedFor?: Library | string): Promise<Result> {
  const params = check(importJob.params, given);
  const at = mkdtempSync(join(tmpdir(), 'covis-dry-run-'));
  try {
    const library = Library.create(join(at, 'tried'));
    const open = typeof triedFor === 'string' ? copied(triedFor, join(at, 'copy'), task) : undefined;
    const against = typeof triedFor === 'string' ? open : triedFor;
    try {
      const unseen: TaskContext = {
        step: (name, total, unit) => task.step(name, total, unit),
        progress: (done) => task.progress(done),
        warn: (message) => task.warn(message),
        changed: () => undefined,
        check: () => task.check(),
      };
      return { ...(await importAll(library, params, unseen, against)), dryRun: true };
    } finally {
      library.close();
      open?.close();
    }
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
}

/** A copy of what a library says of itself, to look into; undefined where there is no library, or none that can be read just now. */
function copied(path: string, to: string, task: TaskContext): Library | undefined {
  if (!Library.exists(path)) return undefined;
  try {
    mkdirSync(to);
    for (const file of ['library.db', 'library.db-wal'])
      if (existsSync(join(path, file))) copyFileSync(join(path, file), join(to, file));
    return Library.open(to);
  } catch (error) {
    task.warn(`It cannot be said what would be replaced: ${toErrorShape(error).message}`);
    return undefined;
  }
}

/** Imports, or says what an import would find. */
export const importWork = work(importJob, async (library, params, task): Promise<Result> => {
  if (params.dryRun) return tryImport(params, task, library);
  return { ...(await importAll(library, params, task)), dryRun: false };
});
