import { clusterRoutes } from '../../../shared/routes/clusters.ts';
import { editClusters } from '../mining/cluster-changes.ts';
import { once } from '../mining/once.ts';
import { clusterDetail, clusterPhotos, covisibleViews, listClusters } from '../sfm/clusters.ts';
import { answers, changed } from './answers.ts';

export const clusters = answers(clusterRoutes, {
  'clusters.list': (engine, { from, limit }) => listClusters(engine.library, from, limit),
  'clusters.detail': (engine, { id }) => clusterDetail(engine.library, id),
  'clusters.covisible': (engine, { id, view }) => covisibleViews(engine.library, id, view),
  'clusters.photos': (engine, { clusters: ids }) => ({ of: ids.map(clusterPhotos(engine.library)) }),
  'clusters.edit': (engine, { edit, once: key }) => {
    const done = once(engine.library, key, () => editClusters(engine.library, edit));
    changed(engine, 'decisions', 'clusters');
    return done;
  },
});
