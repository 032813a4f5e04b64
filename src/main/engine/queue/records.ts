import { z } from 'zod';
import type { JobInfo, JobState } from '../../../shared/domain.ts';
import { JOBS, type JobGiven, type JobKind } from '../../../shared/jobs/index.ts';
import type { JobDefinition } from '../../../shared/jobs/job.ts';
import { check } from '../../../shared/schema.ts';
import type { ErrorShape } from '../../../shared/errors.ts';
import { jobInfo, jobState, type Brought } from '../../../shared/facts/jobs.ts';
import { logFailure, logger } from '../environment/log.ts';
import { byName, type Called } from './called.ts';
import { now, type Library } from '../library/library.ts';
import { refuseWriting } from '../library/read-only.ts';
import { integer, json, nullable, oneOf, record, select, text, type Columns } from '../library/rows.ts';

const LISTED = 200;

/** A row as others see it. */
function infoOf({ params, ...r }: typeof ROW extends Columns<infer T> ? T : never): JobInfo {
  const ended = r.state !== 'queued' && r.state !== 'running';
  const brings = ended ? undefined : broughtBy(r.kind, params);
  return { ...r, progress: null, ...(brings === undefined ? {} : { brings: [...brings] }) };
}

/** What a job may make; undefined for one of a version that had other jobs. */
function broughtBy(kind: string, params: unknown): readonly Brought[] | undefined {
  const definition: JobDefinition | undefined = Object.hasOwn(JOBS, kind) ? JOBS[kind as JobKind] : undefined;
  const told = definition?.params.safeParse(params);
  return told?.success === true ? (definition?.brings?.(told.data) ?? []) : undefined;
}

const ROW = record({
  id: integer,
  kind: text,
  title: text,
  state: oneOf(jobState.options),
  created: text,
  started: nullable(text),
  finished: nullable(text),
  error: nullable(json(jobInfo.shape.error)),
  warnings: json(jobInfo.shape.warnings),
  result: nullable(json(z.unknown())),
  params: nullable(json(z.unknown())),
});
const COLUMNS = 'id, kind, title, state, created, started, finished, error, warnings, result, params';

/** What lists say of a job besides what it is told. */
export interface Wording {
  /** What to say for a path that is ours alone. */
  readonly called?: Called | undefined;
  /** The network whose descriptors it brings, given what it is told. */
  readonly network?: (params: unknown) => string | undefined;
}

/** What a job is called and what it is told, checked. @throws CovisError `INPUT_INVALID` naming a parameter and what it takes. */
export function describeJob<K extends JobKind>(
  kind: K,
  given: JobGiven<K>,
  { called, network }: Wording = {},
): { title: string; params: unknown } {
  const definition: JobDefinition = JOBS[kind];
  const params = check(definition.params, given);
  const title = definition.title(called === undefined ? params : byName(params, called));
  const by = network?.(params);
  return { title: by === undefined ? title : `${title} with ${by}`, params };
}

/** Jobs that write nothing into the library. */
function onlyReads(kind: JobKind, params: unknown): boolean {
  const { repair, remove } = params as { repair?: unknown; remove?: unknown };
  return kind === 'export' || kind === 'backup' || (kind === 'check' && repair !== true && remove !== true);
}

/** Notes a job as waiting. @throws CovisError `READ_ONLY` for one that writes, where nothing can be written. */
export function addJob(library: Library, kind: JobKind, title: string, params: unknown): number {
  if (!onlyReads(kind, params)) refuseWriting(library);
  return select(
    library.db,
    'INSERT INTO job (kind, title, params, state, pid, owner, created) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id',
    integer,
  ).one(kind, title, JSON.stringify(params), 'queued', process.pid, library.owner, now());
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

/** As {@link jobEnded}; where that cannot be written, as on a full disk, it goes into the log, and whoever opens the library next closes the job. */
export function noteJobEnded(library: Library, id: number, end: Parameters<typeof jobEnded>[2]): boolean {
  try {
    jobEnded(library, id, end);
    return true;
  } catch (error) {
    logFailure(logger('queue'), `Job ${id} is ${end.state}, which could not be noted`, error);
    return false;
  }
}

export function getJob(library: Library, id: number): JobInfo | undefined {
  const found = select(library.db, `SELECT ${COLUMNS} FROM job WHERE id = ?`, ROW).get(id);
  return found === undefined ? undefined : infoOf(found);
}

/** The newest jobs, newest first. */
export function listJobs(library: Library): JobInfo[] {
  return select(library.db, `SELECT ${COLUMNS} FROM job ORDER BY id DESC LIMIT ${LISTED}`, ROW).all().map(infoOf);
}
