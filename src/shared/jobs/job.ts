import type { z } from 'zod';
import type { DeepReadonly, Facts } from '../facts/facts.ts';
import type { Brought } from '../facts/jobs.ts';

/** Who may start a job: a page, the host alone (it takes paths: a dialog or the command line), or only commands. */
export type StartedBy = 'page' | 'host' | 'command';

/**
 * What a long task is called, what it takes and what it gives. Commands with their help, forms, checks and rows in Jobs are derived from it;
 * `engine/work/<kind>.ts` does it.
 */
export interface JobDefinition<
  K extends string = string,
  P extends z.ZodObject = z.ZodObject,
  R extends z.ZodType = z.ZodType,
  S extends StartedBy = StartedBy,
> {
  readonly kind: K;
  /** What lists call it. */
  title(params: z.output<P>): string;
  readonly startedBy: S;
  readonly params: P;
  readonly result: R;
  /** What it may make where that is not there yet: views that wait for it show how far it is. */
  brings?(params: z.output<P>): readonly Brought[];
  /** What it says when it is done, in sentences. */
  said?(result: Facts<R>): readonly string[];
}

/** Defines a job. */
export function job<const K extends string, P extends z.ZodObject, R extends z.ZodType, const S extends StartedBy>(
  definition: JobDefinition<K, P, R, S>,
): JobDefinition<K, P, R, S> {
  return definition;
}

/** What a job says when it is done; nothing where its result is shown elsewhere. */
export function saidBy<R extends z.ZodType>(
  { said }: Pick<JobDefinition<string, z.ZodObject, R>, 'said'>,
  result: Facts<R>,
): readonly string[] {
  return said?.(result) ?? [];
}

/** What a job takes, after defaults. */
export type ParamsOf<J extends JobDefinition> = z.output<J['params']>;
/** What may be given to it. */
export type GivenOf<J extends JobDefinition> = DeepReadonly<z.input<J['params']>>;
/** What it gives. */
export type ResultOf<J extends JobDefinition> = Facts<J['result']>;
