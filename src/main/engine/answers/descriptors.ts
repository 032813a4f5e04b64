import { descriptorRoutes } from '../../../shared/routes/descriptors.ts';
import { descriptorMap } from '../retrieval/descriptor-map.ts';
import { listSets, removeSet } from '../retrieval/vector-sets.ts';
import { answers, changed } from './answers.ts';

export const descriptors = answers(descriptorRoutes, {
  'sets.list': (engine) => listSets(engine.library),
  'sets.remove': (engine, { set }) => {
    removeSet(engine.library, set);
    changed(engine, 'descriptors');
    return null;
  },
  'map.points': async (engine, { set }) => (await descriptorMap(engine.library, set))?.info ?? null,
});
