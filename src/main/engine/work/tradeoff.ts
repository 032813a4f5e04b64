import { tradeoffJob } from '../../../shared/jobs/tradeoff.ts';
import { GraphCache } from '../retrieval/graph-cache.ts';
import { rankingParameters } from '../retrieval/methods/parameters.ts';
import { measureTradeoff } from '../retrieval/tradeoff.ts';
import { askedSet } from './asked.ts';
import { work } from './work.ts';

/** Relative error of scores at which ranks are compared; rankings then agree but for near ties. */
const ERROR = 1e-3;

export const tradeoffWork = work(tradeoffJob, async (library, p, task) => {
  const set = await askedSet(library, p, task);
  const parameters = rankingParameters('hybrid', p.ranking, { rows: set.vectors.rows });
  const report = await measureTradeoff(set.vectors, parameters, ERROR, new GraphCache(set.vectors), task);
  return { set: set.key, setName: set.name, ...report };
});
