import type { NetworkInput } from '../../inputs/inputs.ts';
import type { GraphRunner, Tensors } from '../../network/runtime.ts';
import type { Service } from '../../network/tf/beside.ts';
import type { Descent, OptimiserChoice } from '../descent.ts';
import type { StepTuple } from '../executor.ts';
import type { OptimiserState } from '../optimisers.ts';
import type { ExecutorOrder, ExecutorSaid } from './executor-beside.ts';
import { TfExecutor } from './tf-executor.ts';

/** What {@link ExecutorBeside} asks. */
export async function serve({ network, backend, words }: ExecutorOrder): Promise<Service> {
  const executor = await TfExecutor.create(network, backend, words);
  const { device, tuplesAtOnce, parameters, gradients } = executor;
  let descent: Descent;
  let describer: GraphRunner;
  return {
    said: { device, tuplesAtOnce } satisfies ExecutorSaid,
    does: {
      describe: (inputs: readonly NetworkInput[]) => executor.describe(inputs),
      accumulateAll: (tuples: readonly StepTuple[]) => executor.accumulateAll(tuples),
      clear: () => gradients.clear(),
      scale: (by: number) => gradients.scale(by),
      read: () => gradients.read(),
      optimiser: async (choice: OptimiserChoice) => void (descent = await executor.optimiser(choice)),
      step: (options: Parameters<Descent['step']>[0]) => descent.step(options),
      state: () => descent.state(),
      restore: (state: OptimiserState) => descent.restore(state),
      gather: () => parameters.map((p) => p.data),
      updated: (now: readonly Float32Array[]) => {
        parameters.forEach((p, i) => p.data.set(now[i]!));
        return executor.updated();
      },
      describer: async () => void (describer = await executor.describer()),
      runDescriber: (inputs: Tensors) => describer.run(inputs),
      releaseDescriber: () => describer.release(),
      release: () => executor.release(),
    },
  };
}
