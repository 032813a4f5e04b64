import { defined } from '../../../shared/defined.ts';
import type { TrainingParameters } from '../../../shared/domain.ts';
import { ladderJob } from '../../../shared/jobs/ladder.ts';
import { chooseGuards } from '../adapt/guards.ts';
import { collectionStatistics } from '../adapt/statistics.ts';
import { libraryGeometry } from '../evaluation/library-geometry.ts';
import type { Library } from '../library/library.ts';
import { loadNetwork, resolveNetwork, type NetworkRow } from '../network/networks.ts';
import { runLadder } from '../training/ladder.ts';
import { defaultMargin } from '../training/presets.ts';
import { bytesOf } from './asked.ts';
import { trainingParameters, type TrainingWishes } from './recipe.ts';
import { work } from './work.ts';

/** What a ladder begins with: the network, and what all its rungs have in common. */
export async function ladderBeginning(
  library: Library,
  p: TrainingWishes,
): Promise<{ readonly start: NetworkRow; readonly base: TrainingParameters }> {
  const parameters = trainingParameters(p);
  const start = await resolveNetwork(library, p.network, 'embedded');
  const { graph } = loadNetwork(library, start);
  return { start, base: { ...parameters, margin: p.margin ?? defaultMargin(graph, parameters.loss) } };
}

/**
 * Guards of a hard collection leave pairs where those of a recipe leave none, so that they follow the photos where a protocol is asked for; what
 * was said goes first.
 */
function guarded(
  library: Library,
  base: TrainingParameters,
  said: TrainingWishes['mining'],
): [TrainingParameters, number] {
  const { minShared, minOverlap, maxScale, parts } = chooseGuards(
    collectionStatistics(library, libraryGeometry(library)),
    base.size,
  );
  return [{ ...base, mining: { ...base.mining, minShared, minOverlap, maxScale, ...defined(said ?? {}) } }, parts];
}

export const ladderWork = work(ladderJob, async (library, p, task) => {
  const { start, base } = await ladderBeginning(library, p);
  const run = { memory: bytesOf(p.memory) };
  if (p.ladder.protocol === undefined) return runLadder(library, start, base, p.ladder, task, run);
  const [parameters, parts] = guarded(library, base, p.mining);
  return runLadder(library, start, parameters, { ...p.ladder, parts }, task, run);
});
