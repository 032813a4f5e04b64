import { CovisError } from '../../../shared/errors.ts';
import type { TrainingParameters } from '../../../shared/domain.ts';
import { type LoadedNetwork } from '../network/networks.ts';
import { freeze } from '../network/freeze.ts';
import type { Graph } from '../network/onnx/graph.ts';

/** What learns of a network in a run, and in words what does not. @throws CovisError `INPUT_INVALID` where nothing would. */
export function learning(
  { graph, spec }: Pick<LoadedNetwork, 'graph' | 'spec'>,
  parameters: Pick<TrainingParameters, 'freeze'>,
): { readonly graph: Graph; readonly words?: string } {
  return parameters.freeze === undefined ? { graph } : freeze(graph, spec, parameters.freeze);
}

/** @throws CovisError `INPUT_INVALID` for a network of several scales, or with weights that are no numbers. */
export function refuseUntrainable({ graph, spec }: Pick<LoadedNetwork, 'graph' | 'spec'>): void {
  if (spec.scales !== undefined)
    throw new CovisError('INPUT_INVALID', `${spec.name} describes at several scales, which is not trained`, {
      hint: 'Train the network it was made of, then whiten the result for several scales.',
    });
  for (const [name, { data }] of graph.initializers) {
    if (data instanceof Float32Array && !data.every(Number.isFinite))
      throw new CovisError('INPUT_INVALID', `Tensor ${name} of ${spec.name} holds values that are not numbers`, {
        hint: 'Export the network again, or start from another.',
      });
  }
}
