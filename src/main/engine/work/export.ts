import { defined } from '../../../shared/defined.ts';
import { exportJob } from '../../../shared/jobs/export.ts';
import { exportLibrary } from '../exchange/export.ts';
import { work } from './work.ts';

export const exportWork = work(exportJob, (library, { mining, ...options }, task) =>
  exportLibrary(library, { ...options, mining: defined(mining ?? {}) }, task),
);
