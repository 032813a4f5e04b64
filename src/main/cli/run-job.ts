import type { Command } from 'commander';
import type { JobKind } from '../../shared/domain.ts';
import { CovisError, toErrorShape } from '../../shared/errors.ts';
import { addJob, jobEnded, jobStarted } from '../engine/queue/records.ts';
import type { Library } from '../engine/library/library.ts';
import { runTask, taskTitle, type TaskParams } from '../engine/work/tasks.ts';
import { terminalContext } from './output.ts';
import { number, type Options } from './program.ts';

/** Runs a job here, with a line of progress, and notes it in the library's history. */
export async function runJob<T>(library: Library, kind: JobKind, params: TaskParams): Promise<T> {
  const warnings: string[] = [];
  const task = terminalContext(warnings);
  const id = addJob(library, kind, taskTitle(kind, params), params);
  jobStarted(library, id);
  try {
    const result = await runTask(library, kind, params, task);
    task.finish();
    jobEnded(library, id, { state: 'done', warnings, result });
    return result as T;
  } catch (error) {
    task.finish();
    const stopped = error instanceof CovisError && error.code === 'CANCELLED';
    jobEnded(library, id, {
      state: stopped ? 'cancelled' : 'failed',
      error: stopped ? undefined : toErrorShape(error),
      warnings,
    });
    throw error;
  }
}

/** What a command's options say, as a task takes it. */
export function params(o: Options): TaskParams {
  const n = (key: string): number | undefined => o[key] as number | undefined;
  return {
    network: o['network'] as string | undefined,
    size: n('size'),
    seed: n('seed'),
  };
}

const network = (c: Command): Command =>
  c.option('--network <network>', 'content hash in the library, a path to an ONNX file, or "default"');
/** Options of every command that needs descriptors. */
export const common = (c: Command): Command =>
  number(
    number(network(c), '--size', 'long side of the photos in pixels (320)'),
    '--seed',
    'seed of the split into training and held-out places, and of every draw (0)',
  );
