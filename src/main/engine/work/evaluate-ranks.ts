import { evaluateRanksJob } from '../../../shared/jobs/evaluate-ranks.ts';
import { evaluateRanks } from '../evaluation/rank-truth.ts';
import { work } from './work.ts';

export const evaluateRanksWork = work(evaluateRanksJob, (_library, p, task) => {
  task.step('Measuring', 0, '');
  return evaluateRanks(p);
});
