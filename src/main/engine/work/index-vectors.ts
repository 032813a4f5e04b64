import { indexBuildJob, indexSearchJob } from '../../../shared/jobs/index-vectors.ts';
import { indexFiles, searchIndexFiles } from '../evaluation/index-files.ts';
import { work } from './work.ts';

export const indexBuildWork = work(indexBuildJob, (_library, p, task) => indexFiles(p, task));
export const indexSearchWork = work(indexSearchJob, (_library, p, task) => searchIndexFiles(p, task));
