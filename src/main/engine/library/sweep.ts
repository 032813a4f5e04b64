/** What an opening does for those that ended without a word: their jobs and runs are closed, what they left unfinished goes. */
import type Database from 'better-sqlite3';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync, type Dirent } from 'node:fs';
import { basename, join } from 'node:path';
import type { ErrorShape } from '../../../shared/errors.ts';
import { shellWord } from '../../../shared/shell-word.ts';
import { gone } from '../environment/folders.ts';
import { logFailure, logger } from '../environment/log.ts';
import { ownFile, ownIfFree } from './file-owner.ts';
import { KEPT_FOLDERS } from './folders.ts';
import { beganAt, factsFile, makerOf, readOwner, startOf } from './lease.ts';
import { integer, nullable, record, select, text } from './rows.ts';

const FOLDER = 'leases';
/** What says nothing of its owner, while others have the library open, is left alone for so long. */
const SETTLED_MS = 3_600_000;
/** A database that was written to within so long is one that its maker, if there is one, may still be making. */
const BEING_MADE_MS = 60_000;

const log = logger('library');
let tell: (line: string) => void = () => undefined;

/** Who is told, in one line, what an opening closed and removed. It is logged in any case. */
export function onSwept(say: (line: string) => void): void {
  tell = say;
}

/** That a thread has a library open. */
export interface Presence {
  /** What jobs and unfinished folders of this thread are marked with; empty where nothing can be written. */
  readonly id: string;
  /** Closes and sweeps for those that are gone, and says so. */
  look(): void;
  leave(): void;
}

/** Of who can note nothing. */
export const NOBODY: Presence = { id: '', look: () => undefined, leave: () => undefined };

/**
 * Notes that this thread has a library open.
 * @param look closes and sweeps for those that are gone, and says so. Nothing of this keeps a library from being opened.
 */
export function enter(root: string, db: Database.Database, look: boolean): Presence {
  const folder = join(root, FOLDER);
  const isFirst = !existsSync(folder);
  try {
    mkdirSync(folder, { recursive: true });
    const id = randomUUID().slice(-12);
    const leave = ownFile(join(folder, id), {
      taken: 'This library is being opened',
      hint: 'Try again.',
      refused: 'It cannot be noted who has this library open',
    });
    const lookFor = (first: boolean): void => {
      try {
        new Sweep(root, db, id, first).run();
      } catch (error) {
        logFailure(log, `What others left in ${root} could not be closed`, error);
      }
    };
    if (look) lookFor(isFirst);
    return { id, look: () => lookFor(false), leave };
  } catch (error) {
    // A disk that is full or read-only.
    logFailure(log, `It could not be noted that ${root} is open`, error);
    return NOBODY;
  }
}

/** A second, as the clock of processes is coarse. */
const COARSE_MS = 1000;

/**
 * True while a process has this id that began before `since`; one that began later has the id anew. Of rows of 0.1.0, which say no
 * more of their owner.
 */
export function livedAlready(pid: number, since: string): boolean {
  if (pid === process.pid || startOf(pid) === undefined) return false;
  const began = beganAt(pid);
  return began === undefined || began <= Date.parse(since) + COARSE_MS;
}

/** Whether who began a job is still there, without closing anything of who is not. */
export function isAtWork(
  root: string,
  job: { readonly owner: string | null; readonly pid: number; readonly created: string },
): boolean {
  if (job.owner === null) return livedAlready(job.pid, job.created);
  const release = ownIfFree(join(root, FOLDER, job.owner));
  release?.();
  return release === undefined;
}

/** Where a training run stands, whose lease is beside it. */
export function checkpointPath(root: string, run: number): string {
  return join(root, 'runs', `${run}.checkpoint`);
}

interface Row {
  readonly id: number;
  readonly owner: string | null;
  readonly pid: number;
  readonly created: string;
}
const ROW = { id: integer, owner: nullable(text), pid: integer, created: text };

/** Marks runs whose thread is gone as failed. @returns those that can be taken up again. */
export function closeDeadRuns(
  root: string,
  db: Database.Database,
): { readonly id: number; readonly pid: number; readonly created: string }[] {
  const running = select(
    db,
    "SELECT id, owner, pid, created FROM training_run WHERE state = 'running'",
    record(ROW),
  ).all();
  const closed: { id: number; pid: number; created: string }[] = [];
  for (const run of running) {
    if (run.owner === null && livedAlready(run.pid, run.created)) continue;
    const release = ownIfFree(checkpointPath(root, run.id));
    if (release === undefined) continue;
    try {
      const { changes } = db
        .prepare("UPDATE training_run SET state = 'failed' WHERE id = ? AND state = 'running'")
        .run(run.id);
      if (changes > 0 && existsSync(checkpointPath(root, run.id))) closed.push(run);
    } finally {
      release();
    }
  }
  return closed;
}

/** One look at who is gone. */
class Sweep {
  readonly #root: string;
  readonly #db: Database.Database;
  readonly #own: string;
  readonly #isFirst: boolean;
  /** Leases of those that are gone, taken over until their things are closed. */
  readonly #dead = new Map<string, () => void>();
  readonly #alive = new Set<string>();
  /** Whether something was left alone that may be of somebody who is gone. */
  #unsure = false;
  #folders = 0;
  #files = 0;

  constructor(root: string, db: Database.Database, own: string, isFirst: boolean) {
    this.#root = root;
    this.#db = db;
    this.#own = own;
    this.#isFirst = isFirst;
  }

  run(): void {
    const names = readdirSync(join(this.#root, FOLDER)).map((n) => n.replace(/\..*$/, ''));
    for (const id of new Set(names)) this.#isGone(id);
    try {
      const runs = closeDeadRuns(this.#root, this.#db);
      const jobs = select(
        this.#db,
        "SELECT id, owner, pid, created, title, state, kind FROM job WHERE state IN ('running', 'queued')",
        record({ ...ROW, title: text, state: text, kind: text }),
      ).all();
      const dead = jobs.filter((j) => (j.owner === null ? !livedAlready(j.pid, j.created) : this.#isGone(j.owner)));
      const older = jobs.some((j) => j.owner === null && !dead.includes(j));
      this.#sweepStaging(older);
      if (this.#dead.size > 0 || this.#isFirst) this.#sweepFiles(older);
      const removed = this.#removed();
      const runOf = (job: Row): number | undefined =>
        runs.find((r) => r.pid === job.pid && r.created >= job.created)?.id;
      this.#close(
        dead.map((j) => ({ ...j, run: j.kind === 'train' ? runOf(j) : undefined })),
        removed,
      );
      this.#say(
        dead,
        runs.map((r) => r.id),
        removed,
      );
    } finally {
      for (const release of this.#dead.values()) release();
      // The next one looks again at what could not be told from what others write.
      const [mark = randomUUID().slice(-12)] = this.#dead.keys();
      if (this.#unsure) writeFileSync(factsFile(join(this.#root, FOLDER, mark)), '');
    }
  }

  #isGone(id: string): boolean {
    if (id === this.#own || this.#alive.has(id)) return false;
    if (this.#dead.has(id)) return true;
    let release: (() => void) | undefined;
    try {
      release = ownIfFree(join(this.#root, FOLDER, id));
    } catch (error) {
      // What cannot be told is left alone.
      logFailure(log, `It cannot be told whether ${id} is at work`, error);
    }
    if (release === undefined) this.#alive.add(id);
    else this.#dead.set(id, release);
    return release !== undefined;
  }

  #remove(path: string): void {
    rmSync(path, { recursive: true, force: true });
  }

  /** @param older whether a program of 0.1.0 is at work, which marks its folders with nobody's name. */
  #sweepStaging(older: boolean): void {
    const folder = join(this.#root, 'staging');
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder)) {
      const owner = /^([0-9a-f]{12})~/.exec(name)?.[1];
      if (owner === undefined ? older : !this.#isGone(owner)) continue;
      this.#remove(join(folder, name));
      this.#folders += 1;
    }
  }

  #sweepFiles(older: boolean): void {
    const alone = this.#alive.size === 0 && !older;
    const processes = new Set(
      Array.from(this.#alive, (id) => readOwner(join(this.#root, FOLDER, id))?.pid).filter((p) => p !== undefined),
    );
    const mayGo = (path: string, pid?: number): boolean => {
      if (alone) return true;
      const settled = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > SETTLED_MS;
      const goes = settled || (pid !== undefined && !older && !processes.has(pid) && pid !== process.pid);
      if (!goes) this.#unsure = true;
      return goes;
    };
    const go = (path: string): void => {
      this.#remove(path);
      this.#files += 1;
    };
    for (const name of readdirSync(this.#root))
      if (/^library\.db\.[0-9a-f]{8}-[-0-9a-f]{27}(-wal|-shm|-journal)?$/.test(name)) {
        // Whoever makes a library, or a copy of its database, has no lease yet.
        const path = join(this.#root, name);
        const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
        const maker = makerOf(name);
        if (age <= BEING_MADE_MS && maker !== undefined && startOf(maker) !== undefined) this.#unsure = true;
        else if (mayGo(path)) go(path);
      }
    for (const path of KEPT_FOLDERS.flatMap((f) => filesIn(join(this.#root, f)))) {
      const pid = /\.tmp$/.test(path) ? /\.(\d+)(-\d+-\d+|\.\d+)?\.tmp$/.exec(path)?.[1] : undefined;
      if (path.endsWith('.tmp') && mayGo(path, pid === undefined ? undefined : Number(pid))) go(path);
    }
    for (const path of ['descriptors', 'runs'].flatMap((f) => filesIn(join(this.#root, f)))) {
      if (/\.(lock|owner)$/.test(path)) ownIfFree(path.replace(/\.(lock|owner)$/, ''))?.();
      else if (this.#isUseless(path)) go(path);
    }
    for (const name of alone ? foldersIn(join(this.#root, 'scenes')) : []) {
      const path = join(this.#root, 'scenes', name);
      if (existsSync(join(path, 'done.json'))) continue;
      // COLMAP begins such a scene anew.
      this.#remove(path);
      this.#folders += 1;
    }
  }

  /** Checkpoints of runs that are done, and descriptors under way of networks that the library does not have: nobody takes them up. */
  #isUseless(path: string): boolean {
    const name = basename(path);
    const network = /^([0-9a-f]+)-\d+\.npy\.part$/.exec(name)?.[1];
    if (network !== undefined) {
      if (select(this.#db, 'SELECT 1 FROM network WHERE uid = ?', integer).get(network) !== undefined) return false;
      const release = ownIfFree(path);
      release?.();
      return release !== undefined;
    }
    const run = /^(\d+)\.checkpoint$/.exec(name)?.[1];
    return (
      run !== undefined &&
      select(this.#db, 'SELECT state FROM training_run WHERE id = ?', text).get(Number(run)) === 'done'
    );
  }

  #removed(): string {
    const parts = [
      ...(this.#folders > 0 ? [`${this.#folders} unfinished ${this.#folders === 1 ? 'folder' : 'folders'}`] : []),
      ...(this.#files > 0 ? [`${this.#files} temporary ${this.#files === 1 ? 'file' : 'files'}`] : []),
    ];
    return parts.length === 0 ? '' : `Removed what nothing takes up: ${parts.join(' and ')}`;
  }

  #close(jobs: readonly { id: number; state: string; run: number | undefined }[], removed: string): void {
    if (jobs.length === 0) return;
    const close = this.#db.prepare(
      "UPDATE job SET state = 'interrupted', finished = ?, error = ?, warnings = ? WHERE id = ? AND state IN ('running', 'queued')",
    );
    this.#db
      .transaction(() => {
        for (const { id, state, run } of jobs)
          close.run(
            new Date().toISOString(),
            JSON.stringify(interrupted(state === 'running', this.#root, run)),
            JSON.stringify(removed === '' ? [] : [removed]),
            id,
          );
      })
      .immediate();
  }

  #say(jobs: readonly { id: number; title: string }[], runs: readonly number[], removed: string): void {
    const few = (all: readonly string[]): string => `${all.slice(0, FEW).join(', ')}${all.length > FEW ? ', …' : ''}`;
    const cut = [
      ...(jobs.length > 0
        ? [`${jobs.length === 1 ? 'job' : 'jobs'} ${few(jobs.map((j) => `${j.id} (${j.title})`))}`]
        : []),
      ...(runs.length > 0
        ? [`training ${runs.length === 1 ? 'run' : 'runs'} ${few(runs.map((r) => `${r} (go on with --resume ${r})`))}`]
        : []),
    ];
    const line = [...(cut.length > 0 ? [`Cut short when Covis ended: ${cut.join('; ')}`] : []), removed]
      .filter((part) => part !== '')
      .join('. ');
    if (line === '') return;
    log.warn(`${this.#root}: ${line}`);
    tell(line);
  }
}

const FEW = 3;

function filesIn(folder: string): string[] {
  return entriesOf(folder).flatMap((e) => {
    const path = join(folder, e.name);
    return e.isDirectory() ? filesIn(path) : [path];
  });
}

function foldersIn(folder: string): string[] {
  return entriesOf(folder)
    .filter((e) => e.isDirectory())
    .map((e) => e.name);
}

/** None where the folder is not there, or is no more since it was listed. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (gone(error)) return [];
    throw error;
  }
}

function interrupted(began: boolean, root: string, run: number | undefined): ErrorShape {
  return {
    code: 'ENGINE_EXITED',
    message: began ? 'Covis ended while this job was running' : 'Covis ended before this job began',
    hint:
      run === undefined
        ? `Start it again${began ? ': what was finished is kept' : ''}.`
        : `Go on from its last checkpoint with: covis train ${shellWord(root)} --resume ${run}`,
  };
}
