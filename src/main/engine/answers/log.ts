import { logRoutes } from '../../../shared/routes/log.ts';
import { answers } from './answers.ts';

export const log = answers(logRoutes, {
  'log.page': (engine, error) => {
    engine.pageLog.take(error);
    return null;
  },
});
