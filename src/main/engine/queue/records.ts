import type { JobInfo, JobState } from '../../../shared/domain.ts';
import { JOBS, type JobGiven, type JobKind } from '../../../shared/jobs/index.ts';
import type { JobDefinition } from '../../../shared/jobs/job.ts';
import { check } from '../../../shared/schema.ts';
import type { ErrorShape } from '../../../shared/errors.ts';
import { now, type Library } from '../library/library.ts';

interface JobRow {
  id: number;
  kind: string;
  title: string;
  state: JobState;
  created: string;
  started: string | null;
  finished: string | null;
  error: string | null;
  warnings: string;
  result: string | null;
}

const LISTED = 200;

function toInfo(r: JobRow): JobInfo {
  return {
    ...r,
    progress: null,
    error: r.error === null ? null : (JSON.parse(r.error) as ErrorShape),
    warnings: JSON.parse(r.warnings) as string[],
    result: r.result === null ? null : (JSON.parse(r.result) as unknown),
  };
}

const COLUMNS = 'id, kind, title, state, created, started, finished, error, warnings, result';

/** What a job is called and what it is told, checked. @throws CovisError `INPUT_INVALID` naming a parameter and what it takes. */
export function describeJob<K extends JobKind>(kind: K, given: JobGiven<K>): { title: string; params: unknown } {
  const definition: JobDefinition = JOBS[kind];
  const params = check(definition.params, given);
  return { title: definition.title(params), params };
}

/** Notes a job as waiting. */
export function addJob(library: Library, kind: JobKind, title: string, params: unknown): number {
  return library.db
    .prepare('INSERT INTO job (kind, title, params, state, pid, created) VALUES (?, ?, ?, ?, ?, ?) RETURNING id')
    .pluck()
    .get(kind, title, JSON.stringify(params), 'queued', process.pid, now()) as number;
}

export function jobStarted(library: Library, id: number): void {
  library.db.prepare("UPDATE job SET state = 'running', started = ? WHERE id = ?").run(now(), id);
}

export function jobEnded(
  library: Library,
  id: number,
  end: { state: JobState; error?: ErrorShape | undefined; warnings: readonly string[]; result?: unknown },
): void {
  library.db
    .prepare('UPDATE job SET state = ?, finished = ?, error = ?, warnings = ?, result = ? WHERE id = ?')
    .run(
      end.state,
      now(),
      end.error === undefined ? null : JSON.stringify(end.error),
      JSON.stringify(end.warnings),
      end.result === undefined ? null : JSON.stringify(end.result),
      id,
    );
}

export function getJob(library: Library, id: number): JobInfo | undefined {
  const row = library.db.prepare(`SELECT ${COLUMNS} FROM job WHERE id = ?`).get(id) as JobRow | undefined;
  return row === undefined ? undefined : toInfo(row);
}

/** The newest jobs, newest first. */
export function listJobs(library: Library): JobInfo[] {
  return (library.db.prepare(`SELECT ${COLUMNS} FROM job ORDER BY id DESC LIMIT ${LISTED}`).all() as JobRow[]).map(
    toInfo,
  );
}

/** True while another process of this machine has this id; ours was given away anew if we have it. */
export function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Jobs whose process is gone become failures that say so; those that another Covis runs now are left alone. */
export function closeInterruptedJobs(library: Library): void {
  const error: ErrorShape = {
    code: 'ENGINE_EXITED',
    message: 'Covis ended while this job was running',
    hint: 'Start it again: what was finished is kept.',
  };
  const open = library.db.prepare("SELECT id, pid FROM job WHERE state IN ('running', 'queued')").all() as {
    id: number;
    pid: number;
  }[];
  for (const j of open) if (!isAlive(j.pid)) jobEnded(library, j.id, { state: 'failed', error, warnings: [] });
}
