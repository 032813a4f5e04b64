/** Planning: work is cut into shards, and everything that they need is written down in one folder. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import type { PlannedWork } from '../../../shared/facts/planned.ts';
import { threads } from '../environment/threads.ts';
import { makeFolder } from '../environment/folders.ts';
import { writeAll } from '../formats/beside.ts';
import { diskError } from '../formats/disk.ts';
import { outsideLibraries } from '../formats/target.ts';
import { digestOf } from '../library/hash-file.ts';
import { now, type Library } from '../library/library.ts';
import { refuseWriting } from '../library/read-only.ts';
import { notePlan } from '../library/tables/plan.ts';
import type { TaskContext } from '../queue/context.ts';
import { thisCode } from './code.ts';
import { FORMAT, planFile, type PlanFile, type PlanStage } from './facts.ts';
import { makeFolders, readPlan, sha256, tableFile, writePart, type Plan } from './folder.ts';
import { PLAN_WORKS, type GivenByWork } from './works/index.ts';
import type { Cut, CutShard } from './works/work.ts';

/** The table of a stage is written in pieces of so many bytes. */
const PIECE = 1 << 20;

/** How a plan is made. */
export interface Planning {
  readonly shards?: number | undefined;
  /** Threads of every shard; of work whose sums are rounded by them, those of this machine where nobody says. */
  readonly threads?: number | undefined;
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
  await PLAN_WORKS[work].begin?.(library, given, task);
  const cut = await PLAN_WORKS[work].cut(library, given, how.shards, task);
  const staging = join(dirname(folder), `.${basename(folder)}.${uid}.tmp`);
  try {
    makeFolder(dirname(folder));
    mkdirSync(staging);
    const file = await fill(staging, library, work, uid, cut, threadsOf(work, how), task);
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
  const cut = await PLAN_WORKS[work].cut(library, given, how.shards, task);
  return { folder, file: await fill(undefined, library, work, uid, cut, threadsOf(work, how), task), sha256: '' };
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

function threadsOf(work: PlannedWork, { threads: asked }: Planning): number | undefined {
  return asked ?? (PLAN_WORKS[work].roundedByThreads ? threads() : undefined);
}

/** @param folder undefined writes nothing. */
async function fill(
  folder: string | undefined,
  library: Library,
  work: PlannedWork,
  uid: string,
  cut: Cut,
  each: number | undefined,
  task: TaskContext,
): Promise<PlanFile> {
  if (folder !== undefined)
    makeFolders(
      folder,
      cut.stages.map((s) => s.name),
    );
  const files: Record<string, { sha256: string; bytes: number }> = {};
  for (const [name, from] of Object.entries(cut.files)) {
    const to = folder === undefined ? undefined : join(folder, name);
    if (to === undefined) {
      // What would be made for the plan alone is not known before it is.
      if (typeof from === 'string') files[name] = { sha256: digestOf(from), bytes: statSync(from).size };
      continue;
    }
    if (typeof from === 'string') copyFileSync(from, to);
    else await from(to);
    files[name] = { sha256: digestOf(to), bytes: statSync(to).size };
  }
  const stages = cut.stages.map(({ name, after, shards }) => {
    task.step('Writing shards', 0, 'shards');
    const file = folder === undefined ? undefined : tableFile(folder, name);
    return { name, after: [...after], shards: writeTable(file, shards, task) };
  });
  return planFile.parse({
    format: FORMAT,
    uid,
    ...thisCode(),
    created: now(),
    work,
    title: cut.title.slice(0, 200),
    library: library.path,
    params: cut.params,
    ...(each === undefined ? {} : { threads: each }),
    files,
    inputs: cut.inputs,
    stages,
  });
}

/** Writes what is asked of a stage's shards, a line each. @param file undefined writes nothing. */
function writeTable(file: string | undefined, shards: Iterable<CutShard>, task: TaskContext): PlanStage['shards'] {
  const written: PlanStage['shards'][number][] = [];
  const fd = file === undefined ? undefined : openSync(file, 'wx');
  try {
    let piece: Buffer[] = [];
    let held = 0;
    const flush = (): void => {
      if (fd !== undefined && held > 0) writeAll(fd, Buffer.concat(piece));
      [piece, held] = [[], 0];
    };
    for (const { content, items } of shards) {
      task.check();
      const line = Buffer.from(`${JSON.stringify(content)}\n`);
      written.push({ sha256: sha256(line), bytes: line.length, items });
      piece.push(line);
      held += line.length;
      if (held >= PIECE) flush();
    }
    flush();
    if (fd !== undefined) fsyncSync(fd);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  return written;
}
