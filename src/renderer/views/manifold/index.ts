import { Waypoints } from '@lucide/vue';
import { view } from '../view.ts';
import { manifoldAhead } from './around-question.ts';

export const manifold = view({
  name: 'manifold',
  title: 'Manifold',
  icon: Waypoints,
  path: '/manifold',
  empty: 'The manifold is the graph of photos that are each other’s nearest neighbours.',
  ahead: (ask, { query }) => manifoldAhead(ask, query),
  component: () => import('./ManifoldView.vue'),
  key: '5',
  searches: 'descriptors',
});
