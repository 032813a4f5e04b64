import { ladderJob } from '../../../shared/jobs/ladder.ts';
import { loadNetwork, resolveNetwork } from '../network/networks.ts';
import { runLadder } from '../training/ladder.ts';
import { defaultMargin } from '../training/presets.ts';
import { trainingParameters } from './recipe.ts';
import { work } from './work.ts';

export const ladderWork = work(ladderJob, async (library, p, task) => {
  const parameters = trainingParameters(p);
  const start = await resolveNetwork(library, p.network, 'embedded');
  const { graph } = loadNetwork(library, start);
  const margin = p.margin ?? defaultMargin(graph, parameters.loss);
  return runLadder(library, start, { ...parameters, margin }, p.ladder, task);
});
