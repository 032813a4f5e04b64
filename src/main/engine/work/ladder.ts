import type { TrainingParameters } from '../../../shared/domain.ts';
import { ladderJob } from '../../../shared/jobs/ladder.ts';
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

export const ladderWork = work(ladderJob, async (library, p, task) => {
  const { start, base } = await ladderBeginning(library, p);
  return runLadder(library, start, base, p.ladder, task, { memory: bytesOf(p.memory) });
});
