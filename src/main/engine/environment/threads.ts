/**
 * How many threads work may take: what a person says (`--threads`, `COVIS_THREADS`), else what a cluster's scheduler gave
 * (`SLURM_CPUS_PER_TASK`), else what the system lets this process use, by its mask of processors and its control group.
 */
import { availableParallelism, cpus } from 'node:os';
import { CovisError } from '../../../shared/errors.ts';
import { THREADS } from '../../../shared/fields.ts';

/** In processes and threads that this one starts it holds, too. */
const VARIABLE = 'COVIS_THREADS';

/**
 * The number that somebody gave; undefined where nobody did.
 * @throws CovisError `INPUT_INVALID` where the person's is no number of threads.
 */
export function threadsGiven(environment: NodeJS.ProcessEnv = process.env): number | undefined {
  const said = environment[VARIABLE];
  if (said !== undefined && said !== '') {
    const asked = THREADS.safeParse(Number(said));
    if (!asked.success)
      throw new CovisError('INPUT_INVALID', `${VARIABLE} is ${said}, which is no number of threads`, {
        hint: 'Give it a whole number from 1 to 1024, or leave it out.',
      });
    return asked.data;
  }
  const slurm = THREADS.safeParse(Number(environment['SLURM_CPUS_PER_TASK'] ?? NaN));
  return slurm.success ? slurm.data : undefined;
}

/** Threads that work may take: at least one. */
export function threads(): number {
  return threadsGiven() ?? availableParallelism();
}

/** As {@link threads}, for a runtime that finds a better number by itself where it may use the whole machine; undefined then. */
export function threadsIfFewer(): number | undefined {
  const given = threadsGiven();
  if (given !== undefined) return given;
  const available = availableParallelism();
  return available < cpus().length ? available : undefined;
}

/** Work with so many threads, whatever this process was given; what it was given holds again afterwards. */
export async function withThreads<T>(count: number | undefined, work: () => Promise<T>): Promise<T> {
  if (count === undefined) return work();
  const before = process.env[VARIABLE];
  process.env[VARIABLE] = String(count);
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env[VARIABLE];
    else process.env[VARIABLE] = before;
  }
}

/** Photos that are read at the same time: two at least where nobody said, because one thread waits for the disk. */
export function photosAtOnce(): number {
  return threadsGiven() ?? Math.max(2, availableParallelism());
}

/** Makes `--threads N` hold for this process and all that it starts; what is no number of threads is left for the option's own check. */
export function limitThreads(argv: readonly string[]): void {
  const at = argv.findIndex((word) => word === '--threads' || word.startsWith('--threads='));
  if (at < 0) return;
  const word = argv[at]!;
  const asked = THREADS.safeParse(Number(word.includes('=') ? word.slice(word.indexOf('=') + 1) : argv[at + 1]));
  if (asked.success) process.env[VARIABLE] = String(asked.data);
}
