import type { Tensors } from '../runtime.ts';
import type { Service } from './beside.ts';
import type { RunnerOrder } from './runner-beside.ts';
import { TfRunner } from './tf-runner.ts';

/** What {@link RunnerBeside} asks. */
export async function serve({ graph, backend }: RunnerOrder): Promise<Service> {
  const runner = await TfRunner.create(graph, backend);
  return {
    said: runner.device,
    does: {
      runShaped: (inputs: Tensors) => runner.runShaped(inputs),
      run: (inputs: Tensors) => runner.run(inputs),
      release: () => runner.release(),
    },
  };
}
