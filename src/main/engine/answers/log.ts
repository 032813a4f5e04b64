import { logRoutes } from '../../../shared/routes/log.ts';
import { lastEntries, logFile } from '../environment/log-file.ts';
import { answers } from './answers.ts';

export const log = answers(logRoutes, {
  'log.last': (_engine, { lines, level }) => ({ file: logFile(), entries: lastEntries(lines, level) }),
  'log.page': (engine, error) => {
    engine.pageLog.take(error);
    return null;
  },
});
