import type { EvaluationResult } from '../../../shared/domain.ts';
import { evaluateJob } from '../../../shared/jobs/evaluate.ts';
import { storeEvaluation } from '../evaluation/geometry-protocol.ts';
import { narrowed, noteSubset } from '../library/collection-subset.ts';
import type { Library } from '../library/library.ts';
import { splitPlaces } from '../mining/split.ts';
import { resolveNetwork, type NetworkRow } from '../network/networks.ts';
import type { TaskContext } from '../queue/context.ts';
import { extract } from '../retrieval/extract.ts';
import { evaluateGeometry } from '../training/held-out.ts';
import { askedSize } from './asked.ts';
import { work } from './work.ts';

/** Descriptors if needed, then the geometry protocol on the places that `seed` holds out. */
export async function evaluateNetwork(
  library: Library,
  network: NetworkRow,
  size: number,
  seed: number,
  task: TaskContext,
): Promise<EvaluationResult> {
  const descriptors = await extract(library, network, size, task);
  task.step('Measuring', 0, '');
  const result = evaluateGeometry(library, splitPlaces(library, seed), descriptors);
  storeEvaluation(library, network.id, size, result);
  task.changed('evaluation');
  return result;
}

export const evaluateWork = work(evaluateJob, (library, p, task) =>
  narrowed(library, p.collection, async () => {
    const network = await resolveNetwork(library, p.network, 'default');
    const result = await evaluateNetwork(library, network, askedSize(p.size, network), p.seed ?? 0, task);
    return { network: network.uid, ...result, ...noteSubset(library) };
  }),
);
