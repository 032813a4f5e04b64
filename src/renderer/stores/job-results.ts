import { toRaw } from 'vue';
import type { z } from 'zod';
import type { JobInfo } from '../../shared/domain.ts';
import { JOBS, type JobKind, type JobResult } from '../../shared/jobs/index.ts';
import { saidBy, type JobDefinition } from '../../shared/jobs/job.ts';

/** Results may be long: each is looked at once, so that the same result stays the same object. */
const read = new WeakMap<object, unknown>();

/** What a job of a kind gave; null for other jobs, for one that has not ended well, and for what another version of Covis gave. */
export function resultOf<K extends JobKind>(kind: K, job: JobInfo | null | undefined): JobResult<K> | null {
  if (job?.kind !== kind || job.state !== 'done') return null;
  const given = toRaw(job.result);
  if (typeof given !== 'object' || given === null) return null;
  if (!read.has(given)) {
    const { result }: JobDefinition = JOBS[kind];
    read.set(given, result.safeParse(given).data ?? null);
  }
  return read.get(given) as JobResult<K> | null;
}

/** What a job says that ended well, in sentences; nothing of one whose result is shown elsewhere. */
export function saidOf(job: JobInfo): readonly string[] {
  const kind = (Object.keys(JOBS) as JobKind[]).find((k) => k === job.kind);
  const result = kind === undefined ? null : resultOf(kind, job);
  return kind === undefined || result === null ? [] : saidBy<z.ZodType>(JOBS[kind] as JobDefinition, result);
}
