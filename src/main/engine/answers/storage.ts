import { storageRoutes } from '../../../shared/routes/storage.ts';
import { storageReport } from '../work/storage.ts';
import { answers } from './answers.ts';

export const storage = answers(storageRoutes, {
  'storage.report': (engine, { look }) => storageReport(engine.library, look),
});
