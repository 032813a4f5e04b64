import { tupleRoutes } from '../../../shared/routes/tuples.ts';
import { compareRuns } from '../mining/compare-runs.ts';
import { listMiningRuns } from '../mining/runs.ts';
import { answers } from './answers.ts';

export const tuples = answers(tupleRoutes, {
  'tuples.runs': (engine) => listMiningRuns(engine.library),
  'tuples.open': (engine, query) => engine.lists.open(query),
  'tuples.page': (engine, { list, from, limit }) => engine.lists.page(list, from, limit),
  'tuples.find': (engine, { list, index }) => ({ position: engine.lists.find(list, index) }),
  'tuples.compare': (engine, { a, b }) => compareRuns(engine.library, a, b),
});
