/** Of which network the descriptors are that a job brings, for what lists call it. */
import { JOBS, type JobKind } from '../../../shared/jobs/index.ts';
import type { JobDefinition } from '../../../shared/jobs/job.ts';
import { CovisError } from '../../../shared/errors.ts';
import { logFailure, logger } from '../environment/log.ts';
import type { Library } from '../library/library.ts';
import { defaultOf, networkRow } from './networks.ts';

/**
 * The name of that network as it is known when the job is asked for: the one that was named, else the library's default. Undefined for a job
 * that brings no descriptors, or makes the network that they are of, and for a network that is still to come into the library.
 * @param params after defaults.
 */
export function networkOfJob(library: Library, kind: JobKind, params: unknown): string | undefined {
  const { brings, params: schema }: JobDefinition = JOBS[kind];
  const told = schema.safeParse(params).data;
  if (told === undefined || !('network' in schema.shape)) return undefined;
  const brought = brings?.(told) ?? [];
  const takes = brought.includes('edge-descriptors') ? 'edges' : 'photos';
  if (brought.includes('training') || !(takes === 'edges' || brought.includes('descriptors'))) return undefined;
  const named = told['network'];
  try {
    if (typeof named !== 'string' || named === 'default') return defaultOf(library, takes)?.spec.name;
    return networkRow(library, named).spec.name;
  } catch (error) {
    // A file, or one of the catalogue, which is not in the library yet. What else is wrong the job itself says: it is not refused for its name.
    if (!(error instanceof CovisError))
      logFailure(logger('queue'), `The network of a job, ${kind}, cannot be named`, error);
    return undefined;
  }
}
