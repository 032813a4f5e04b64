import { qualityJob } from '../../../shared/jobs/quality.ts';
import { computeQuality } from '../features/quality-store.ts';
import { work } from './work.ts';

export const qualityWork = work(qualityJob, (library, _, task) => computeQuality(library, task));
