/** `covis rank`: every ranking method on the matrices of a researcher, without a library. */
import { rankJob } from '../../../shared/jobs/rank.ts';
import { saidBy } from '../../../shared/jobs/job.ts';
import { rankFiles } from '../../engine/evaluation/rank-files.ts';
import { command } from '../program/command.ts';
import { print, terminalContext } from '../program/output.ts';
import { rankingOf, rankingOptions } from '../program/ranking.ts';
import { refuseTogether } from '../program/together.ts';

const { ranking: _ofMethods, withScores: _beside, keepIndex: _kept, ...options } = rankJob.params.shape;

export const rank = command({
  name: 'rank',
  summary: 'rank a matrix of descriptors for each query by any method',
  options: { ...options, ...rankingOptions },
  run: async (o) => {
    const { json, ...asked } = o;
    refuseTogether(o, o.method === 'ann' ? [] : ['index'], 'is of --method ann');
    refuseTogether(o, o.local === undefined ? ['names', 'queryNames', 'verify'] : [], 'goes with --local');
    const ranking = rankingOf(o, o.method);
    const task = terminalContext();
    const report = await rankFiles({ ...asked, ranking }, task).finally(() => task.finish());
    print(json, report, () => saidBy(rankJob, report));
  },
});
