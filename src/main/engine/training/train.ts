import { defined } from '../../../shared/defined.ts';
import type { ConcreteBackend } from '../../../shared/facts/backends.ts';
import type { TrainingMemory, TrainingParameters } from '../../../shared/domain.ts';
import type { TaskContext } from '../queue/context.ts';
import { type Library } from '../library/library.ts';
import { loadNetwork, networkById, type LoadedNetwork, type NetworkRow } from '../network/networks.ts';
import { logger, logFailure } from '../environment/log.ts';
import { computing } from '../network/computing.ts';
import { InputMaker, singleScale } from '../inputs/inputs.ts';
import { openExecutor } from './backends.ts';
import { beforeRun, isComputingFailure } from './computing-failed.ts';
import { largestPhoto, memoryInWords, photosAtOnce, planMemory } from './memory/plan.ts';
import { ownRun, runToResume } from './runs.ts';
import { learning, refuseUntrainable } from './learning.ts';
import { Run, type RunOptions, type Tools, type TrainingResult } from './run.ts';

const log = logger('training');

/**
 * Fine-tunes a network on the training places: each epoch mines tuples with the current weights, then goes through them once.
 * Cancelling ends the run after the current tuple and keeps what was learned as a network. A run that ended early, by a crash or by a
 * person, is taken up again by {@link resume}.
 */
export async function train(
  library: Library,
  start: NetworkRow,
  parameters: TrainingParameters,
  task: TaskContext,
  options: RunOptions = {},
): Promise<TrainingResult> {
  return withRun(library, start, parameters, task, options, (network, tools) =>
    new Run(library, network, tools, parameters, task, options).begin(),
  );
}

/**
 * Takes a run up at its last checkpoint. On one back end it ends with the same numbers as if it had never stopped.
 * @throws CovisError `NOT_FOUND` for a run without a checkpoint, `STATE_CONFLICT` for one that is done or still runs.
 */
export async function resume(
  library: Library,
  runId: number,
  task: TaskContext,
  options: RunOptions = {},
): Promise<TrainingResult> {
  // First, so that a run that is not there leaves no trace.
  runToResume(library, runId);
  const release = ownRun(library, runId);
  try {
    const { parameters: begun, networkId, askedSize } = runToResume(library, runId);
    // What it is learned with is no part of what is learned.
    const parameters = { ...begun, ...defined({ backend: options.backend, precision: options.precision }) };
    return await withRun(library, networkById(library, networkId), parameters, task, options, (network, tools) =>
      new Run(library, network, tools, parameters, task, { ...options, askedSize }).resume(runId),
    );
  } finally {
    release();
  }
}

async function withRun(
  library: Library,
  start: NetworkRow,
  parameters: TrainingParameters,
  task: TaskContext,
  options: RunOptions,
  work: (network: LoadedNetwork, tools: Tools) => Promise<TrainingResult>,
): Promise<TrainingResult> {
  const network = loadNetwork(library, start);
  refuseUntrainable(network);
  // First: a network that cannot be differentiated is refused before anything is noted or computed.
  const { graph } = learning(network, parameters);
  const { backend, precision = 'single', size } = parameters;
  const photo = largestPhoto(library, network.spec, size);
  const planned = (on: ConcreteBackend): Promise<TrainingMemory | undefined> =>
    planMemory(graph, on, parameters, photo, options.memory);
  const how = { size, atOnce: (on: ConcreteBackend) => photosAtOnce(planned, on), check: () => task.check() };
  const executor = await openExecutor(graph, backend, (text) => task.warn(text), how, precision);
  const maker = await InputMaker.create(singleScale(network.spec), size, library);
  // Nothing is heard while a step is computed, and the run goes on from the end of a step.
  task.finishes?.('the step under way, so that the run goes on from there');
  try {
    const memory = await planned(executor.backend);
    if (memory !== undefined) {
      task.step(memoryInWords(memory), 0, '');
      executor.limit(memory.photosAtOnce);
    }
    const descent = await executor.optimiser(parameters);
    const run = (): Promise<TrainingResult> => work(network, { executor, descent, maker, memory });
    return (await computing(backend, run, precision)).result;
  } catch (error) {
    throw isComputingFailure(error) && error.hint === undefined ? beforeRun(error) : error;
  } finally {
    // A device that is gone takes nothing back, and what failed first is what a person must read.
    await executor
      .release()
      .catch((error: unknown) => logFailure(log, `${executor.backend} was not given back`, error));
    await maker.release();
    task.finishes?.(null);
  }
}
