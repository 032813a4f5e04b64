import { vectorsJob } from '../../../shared/jobs/vectors.ts';
import { importVectors } from '../retrieval/vector-sets.ts';
import { work } from './work.ts';

export const vectorsWork = work(vectorsJob, importVectors);
