/** Commands that do a job of the studio: their options are what the job takes. */
import { z } from 'zod';
import { folder } from '../../../shared/fields.ts';
import { CovisError, toErrorShape } from '../../../shared/errors.ts';
import { JOBS, type JobGiven, type JobKind, type JobResult } from '../../../shared/jobs/index.ts';
import type { JobDefinition } from '../../../shared/jobs/job.ts';
import { logger } from '../../engine/environment/log.ts';
import type { TaskContext } from '../../engine/queue/context.ts';
import { explained } from '../../engine/library/explained.ts';
import type { Library } from '../../engine/library/library.ts';
import { computing } from '../../engine/network/computing.ts';
import { networkOfJob } from '../../engine/network/network-of-job.ts';
import { AGAIN } from '../../engine/plan/local.ts';
import { addJob, describeJob, jobStarted, noteJobEnded } from '../../engine/queue/records.ts';
import { WORK } from '../../engine/work/index.ts';
import { command, type CommandDefinition } from './command.ts';
import { withLibrary } from './library.ts';
import { print, terminalContext, toldToEnd } from './output.ts';

/** Runs a job here, with a line of progress, and notes it in the library's history. */
export async function runJob<K extends JobKind>(library: Library, kind: K, given: JobGiven<K>): Promise<JobResult<K>> {
  const warnings: string[] = [];
  const { title, params } = describeJob(kind, given, {
    network: (told) => networkOfJob(library, kind, told),
  });
  const task = terminalContext(warnings);
  const id = addJob(library, kind, title, params);
  jobStarted(library, id);
  const log = logger('cli');
  log.info(`Job ${id}, ${kind}: started on ${library.path}`);
  try {
    const result = await WORK[kind].run(library, params, task);
    task.finish();
    noteJobEnded(library, id, { state: 'done', warnings, result });
    log.info(`Job ${id}, ${kind}: done`);
    return result;
  } catch (error) {
    task.finish(true);
    const stopped = isStopped(error);
    const failure = explained(error, library);
    noteJobEnded(library, id, {
      state: stopped ? 'cancelled' : 'failed',
      error: stopped ? undefined : toErrorShape(failure),
      warnings,
    });
    throw failure;
  }
}

const isStopped = (error: unknown): boolean => error instanceof CovisError && error.code === 'CANCELLED';

interface JobCommand<K extends JobKind, X extends z.ZodRawShape> {
  readonly name: string;
  readonly summary: string;
  /** The library is the first word, made where it is not there (`create`), or an option (`option`, which makes it). */
  readonly library?: 'open' | 'create' | 'option';
  /** Parameters that are words instead of options, in order. */
  readonly words?: readonly (keyof JobGiven<K> & string)[];
  /** Parameters that this command does not offer. */
  readonly omit?: readonly (keyof JobGiven<K> & string)[];
  /** What the command takes beside the job's parameters. */
  readonly options?: X;
  /** Turns what was typed into what the job is told. @throws CovisError for what does not go together. */
  readonly given?: (
    typed: JobGiven<K>,
    extra: z.output<z.ZodObject<X>>,
    library: Library,
  ) => JobGiven<K> | Promise<JobGiven<K>>;
  /** Does the job without opening the library where what was asked needs that not; undefined where it needs one. @param library its path. */
  readonly alone?: (given: JobGiven<K>, library: string) => ((task: TaskContext) => Promise<JobResult<K>>) | undefined;
  /** Work before the library is opened; what it gives is added to the result. @param library its path. */
  readonly before?: (
    given: JobGiven<K>,
    library: string,
    task: TaskContext,
  ) => Partial<JobResult<K>> | Promise<Partial<JobResult<K>>>;
  /** Further work on the open library once the job is done; what it gives is printed as JSON instead of the result. */
  readonly then?: (result: JobResult<K>, extra: z.output<z.ZodObject<X>>, library: Library) => unknown;
  /** What is said where it was stopped and can go on; told by a scheduler it then ends with {@link AGAIN}. Undefined where it cannot. */
  readonly again?: (library: Library) => string | undefined;
  /** The result for a person. */
  readonly lines: (result: JobResult<K>, extra: z.output<z.ZodObject<X>>) => readonly string[];
}

async function before<K extends JobKind, X extends z.ZodRawShape>(
  { before: work }: JobCommand<K, X>,
  given: JobGiven<K>,
  library: string,
): Promise<Partial<JobResult<K>>> {
  if (work === undefined) return {};
  const task = terminalContext();
  try {
    return await work(given, library, task);
  } finally {
    task.finish();
  }
}

/** What computed, where a result says so and its lines begin with something else. */
function computedBy(result: object): string[] {
  return 'device' in result && !('backend' in result) ? [`Computed by ${String(result.device)}`] : [];
}

/** A command that does a job. */
export function jobCommand<K extends JobKind, X extends z.ZodRawShape = Record<never, never>>(
  kind: K,
  d: JobCommand<K, X>,
): CommandDefinition {
  const definition: JobDefinition = JOBS[kind];
  const params = definition.params;
  const words = d.words ?? [];
  const asOption = d.library === 'option';
  const wordShape = Object.fromEntries(words.map((w) => [w, params.shape[w] as z.ZodType]));
  const left = new Set<string>([...words, ...(d.omit ?? [])]);
  const own = Object.fromEntries(Object.entries(params.shape).filter(([name]) => !left.has(name))) as z.ZodRawShape;
  const extra = z.strictObject(d.options ?? ({} as X));
  return command({
    name: d.name,
    summary: d.summary,
    arguments: { ...(asOption ? {} : { library: folder }), ...wordShape },
    options: {
      ...(asOption ? { library: folder.meta({ help: 'where the library is or will be' }) } : {}),
      ...own,
      ...extra.shape,
    },
    run: async (asked: Record<string, unknown>) => {
      const pick = (keys: readonly string[]): Record<string, unknown> =>
        Object.fromEntries(keys.flatMap((k) => (asked[k] === undefined ? [] : [[k, asked[k]]])));
      const more = pick(Object.keys(extra.shape)) as z.output<z.ZodObject<X>>;
      const typed = pick([...words, ...Object.keys(own)]) as JobGiven<K>;
      const alone = d.alone?.(typed, asked['library'] as string);
      if (alone !== undefined) {
        const task = terminalContext();
        const done = await computing(undefined, () => alone(task)).finally(() => task.finish());
        const result = done.device === null ? done.result : { ...done.result, device: done.device };
        print(asked['json'] === true, result, () => [...d.lines(result, more), ...computedBy(result)]);
        return;
      }
      const facts = await before(d, typed, asked['library'] as string);
      await withLibrary(asked['library'] as string, d.library === 'create' || asOption, async (library) => {
        const given = d.given === undefined ? typed : await d.given(typed, more, library);
        const job = await runJob(library, kind, given).catch((error: unknown) => {
          const again = isStopped(error) ? d.again?.(library) : undefined;
          if (again === undefined) throw error;
          if (!toldToEnd()) throw new CovisError('CANCELLED', 'Cancelled', { hint: again });
          process.stderr.write(`covis: ${again}\n`);
          process.exitCode = AGAIN;
        });
        if (job === undefined) return;
        const result = { ...job, ...facts };
        const said = d.then === undefined ? result : await d.then(result, more, library);
        print(asked['json'] === true, said, () => [...d.lines(result, more), ...computedBy(result)]);
      });
    },
  });
}
