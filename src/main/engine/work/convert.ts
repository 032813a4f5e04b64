import { convertJob } from '../../../shared/jobs/convert.ts';
import { convertModels } from '../sfm/convert.ts';
import { work } from './work.ts';

export const convertWork = work(convertJob, (_library, p, task) => convertModels(p.source, p, task));
