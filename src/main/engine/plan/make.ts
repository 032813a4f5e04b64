/** Planning: work is cut into shards, and everything that they need is written down in one folder. */
import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import type { PlannedWork } from '../../../shared/facts/plans.ts';
import { makeFolder } from '../environment/folders.ts';
import { diskError } from '../formats/disk.ts';
import { outsideLibraries } from '../formats/target.ts';
import { digestOf } from '../library/hash-file.ts';
import { now, type Library } from '../library/library.ts';
import { refuseWriting } from '../library/read-only.ts';
import { notePlan } from '../library/tables/plan.ts';
import type { TaskContext } from '../queue/context.ts';
import { thisCode } from './code.ts';
import { FORMAT, planFile, type PlanFile } from './facts.ts';
import { makeFolders, readPlan, sha256, shardFiles, writePart, type Plan } from './folder.ts';
import { PLAN_WORKS, type GivenByWork } from './works/index.ts';
import type { Cut } from './works/work.ts';

/** How a plan is made. */
export interface Planning {
  readonly shards?: number | undefined;
  /** Its folder; beside the library where nobody says. */
  readonly out?: string | undefined;
}

/**
 * Plans work of a library. The folder appears whole, and the library knows its plan.
 * @throws CovisError `STATE_EMPTY` where nothing is to be done, `STATE_CONFLICT` for a folder that holds something, `INPUT_*`, `DISK_FULL`.
 */
export async function makePlan<W extends PlannedWork>(
  library: Library,
  work: W,
  given: GivenByWork[W],
  how: Planning,
  task: TaskContext,
): Promise<Plan> {
  refuseWriting(library);
  const uid = randomBytes(8).toString('hex');
  const folder = outsideLibraries(how.out ?? beside(library, work, uid));
  refuseOccupied(folder);
  const cut = await PLAN_WORKS[work].cut(library, given, how.shards);
  const staging = join(dirname(folder), `.${basename(folder)}.${uid}.tmp`);
  try {
    makeFolder(dirname(folder));
    mkdirSync(staging);
    const file = fill(staging, library, work, uid, cut, task);
    const bytes = `${JSON.stringify(file)}\n`;
    writePart(join(staging, 'plan.json'), bytes);
    if (existsSync(folder)) rmdirSync(folder);
    renameSync(staging, folder);
    try {
      notePlan(library, { uid, folder, work, title: file.title, sha256: sha256(bytes), created: file.created });
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  } catch (cause) {
    rmSync(staging, { recursive: true, force: true });
    throw diskError(cause, folder);
  }
  task.changed('plans');
  return readPlan(folder);
}

/** As {@link makePlan} would make it, without writing anything. */
export async function sketchPlan<W extends PlannedWork>(
  library: Library,
  work: W,
  given: GivenByWork[W],
  how: Planning,
  task: TaskContext,
): Promise<Plan> {
  const uid = randomBytes(8).toString('hex');
  const folder = outsideLibraries(how.out ?? beside(library, work, uid));
  refuseOccupied(folder);
  const cut = await PLAN_WORKS[work].cut(library, given, how.shards);
  return { folder, file: fill(undefined, library, work, uid, cut, task), sha256: '' };
}

/** Beside the library, which lies where the machines see it. */
function beside(library: Library, work: PlannedWork, uid: string): string {
  const day = now().slice(0, 10);
  return join(dirname(library.path), `${library.name}.plans`, `${work}-${day}-${uid.slice(0, 6)}`);
}

function refuseOccupied(folder: string): void {
  const there = statSync(folder, { throwIfNoEntry: false });
  if (there === undefined || (there.isDirectory() && readdirSync(folder).length === 0)) return;
  throw new CovisError('STATE_CONFLICT', 'A plan goes into a new or an empty folder, and this is none', {
    file: folder,
    hint: 'Name another place with --out.',
  });
}

/** @param folder undefined writes nothing. */
function fill(
  folder: string | undefined,
  library: Library,
  work: PlannedWork,
  uid: string,
  cut: Cut,
  task: TaskContext,
): PlanFile {
  if (folder !== undefined)
    makeFolders(
      folder,
      cut.stages.map((s) => s.name),
    );
  const files = Object.fromEntries(
    Object.entries(cut.files).map(([name, from]) => {
      const to = folder === undefined ? from : join(folder, name);
      if (to !== from) copyFileSync(from, to);
      return [name, { sha256: digestOf(to), bytes: statSync(to).size }];
    }),
  );
  const stages = cut.stages.map(({ name, after, shards }) => {
    task.step('Writing shards', 0, 'shards');
    const written: { sha256: string; items: number }[] = [];
    for (const { content, items } of shards) {
      task.check();
      const bytes = `${JSON.stringify(content)}\n`;
      // Not each to the disk: the folder has no name before all of it is written.
      if (folder !== undefined) writeFileSync(shardFiles(folder, name, written.length + 1).shard, bytes);
      written.push({ sha256: sha256(bytes), items });
    }
    return { name, after: [...after], shards: written };
  });
  return planFile.parse({
    format: FORMAT,
    uid,
    ...thisCode(),
    created: now(),
    work,
    title: cut.title,
    library: library.path,
    params: cut.params,
    files,
    inputs: cut.inputs,
    stages,
  });
}
