import { manifoldRoutes } from '../../../shared/routes/manifold.ts';
import { answers } from './answers.ts';

export const manifold = answers(manifoldRoutes, {
  'manifold.around': (engine, asked) => engine.searches.around(asked),
  'manifold.graph': (engine, asked) => engine.searches.graph(asked),
});
