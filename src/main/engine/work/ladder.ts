import { defined } from '../../../shared/defined.ts';
import type { TrainingParameters } from '../../../shared/domain.ts';
import { ladderJob } from '../../../shared/jobs/ladder.ts';
import type { AdaptProtocol } from '../../../shared/facts/adapt-names.ts';
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

/**
 * What a ladder begins with: the network, what all its rungs have in common, and, by a protocol, into how many parts photos or places are cut.
 * @param protocol by which it is asked; left out for places that its seeds hold out.
 */
export async function ladderBeginning(
  library: Library,
  p: TrainingWishes,
  protocol: AdaptProtocol | undefined,
): Promise<{ readonly start: NetworkRow; readonly base: TrainingParameters; readonly parts?: number }> {
  const parameters = trainingParameters(p);
  const start = await resolveNetwork(library, p.network, 'embedded');
  const { graph } = loadNetwork(library, start);
  const base = { ...parameters, margin: p.margin ?? defaultMargin(graph, parameters.loss) };
  return { start, ...(protocol === undefined ? { base } : guarded(library, base, p.mining)) };
}

/**
 * Guards of a hard collection leave pairs where those of a recipe leave none, so that they follow the photos where a protocol is asked for; what
 * was said goes first.
 */
function guarded(
  library: Library,
  base: TrainingParameters,
  said: TrainingWishes['mining'],
): { readonly base: TrainingParameters; readonly parts: number } {
  const { minShared, minOverlap, maxScale, parts } = chooseGuards(
    collectionStatistics(library, libraryGeometry(library)),
    base.size,
  );
  const mining = { ...base.mining, minShared, minOverlap, maxScale, ...defined(said ?? {}) };
  return { base: { ...base, mining }, parts };
}

export const ladderWork = work(ladderJob, async (library, p, task) => {
  const { start, base, parts } = await ladderBeginning(library, p, p.ladder.protocol);
  return runLadder(library, start, base, { ...p.ladder, parts }, task, { memory: bytesOf(p.memory) });
});
