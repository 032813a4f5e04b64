import { rankJob } from '../../../shared/jobs/rank.ts';
import { rankFiles } from '../evaluation/rank-files.ts';
import { work } from './work.ts';

export const rankWork = work(rankJob, (_library, p, task) => rankFiles(p, task));
