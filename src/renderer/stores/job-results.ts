import { shallowRef, toRaw } from 'vue';
import type { z } from 'zod';
import type { JobInfo } from '../../shared/domain.ts';
import type { JobKind, JobResult } from '../../shared/jobs/index.ts';
import { saidBy, type JobDefinition } from '../../shared/jobs/job.ts';

/** What jobs give, by kind, once it has been asked for: the start of the page goes without. What is computed of it is computed anew then. */
const schemas = shallowRef<Readonly<Partial<Record<string, JobDefinition>>> | null>(null);
let coming: Promise<void> | undefined;

/** Fetches what jobs give. {@link resultOf} knows nothing before that. */
export function jobSchemas(): Promise<void> {
  coming ??= (async () => {
    try {
      schemas.value = (await import('../../shared/jobs/index.ts')).JOBS;
    } catch (error) {
      // Asked for again when it is needed again.
      coming = undefined;
      throw error;
    }
  })();
  return coming;
}

/** Results may be long: each is looked at once, so that the same result stays the same object. */
const read = new WeakMap<object, unknown>();

/**
 * What a job of a kind gave; null for other jobs, for one that has not ended well, and for what another version of Covis gave. Null, too, until
 * {@link jobSchemas} has come, which this asks for.
 */
export function resultOf<K extends JobKind>(kind: K, job: JobInfo | null | undefined): JobResult<K> | null {
  if (job?.kind !== kind || job.state !== 'done') return null;
  const given = toRaw(job.result);
  if (typeof given !== 'object' || given === null) return null;
  if (schemas.value === null) {
    jobSchemas().catch(() => undefined);
    return null;
  }
  if (!read.has(given)) read.set(given, schemas.value[kind]?.result.safeParse(given).data ?? null);
  return read.get(given) as JobResult<K> | null;
}

/** What a job says that ended well, in sentences; nothing of one whose result is shown elsewhere. */
export function saidOf(job: JobInfo): readonly string[] {
  const result = resultOf(job.kind as JobKind, job);
  const definition = schemas.value?.[job.kind];
  return result === null || definition === undefined ? [] : saidBy<z.ZodType>(definition, result);
}
