import { vectorsJob } from '../../../shared/jobs/vectors.ts';
import { importVectors } from '../retrieval/import-vectors.ts';
import { work } from './work.ts';

export const vectorsWork = work(vectorsJob, importVectors);
