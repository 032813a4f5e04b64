import { exportJob } from '../../../shared/jobs/export.ts';
import { exportLibrary } from '../exchange/exports/index.ts';
import { work } from './work.ts';

export const exportWork = work(exportJob, exportLibrary);
