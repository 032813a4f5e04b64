import { Waypoints } from '@lucide/vue';
import { question } from '../../transport/index.ts';
import { view } from '../view.ts';

export const manifold = view({
  name: 'manifold',
  title: 'Manifold',
  icon: Waypoints,
  path: '/manifold',
  empty: 'The manifold is the graph of photos that are each other’s nearest neighbours.',
  asks: ({ photo }) => (photo === undefined ? [] : [question('sets.list', {})]),
  component: () => import('./ManifoldView.vue'),
  key: '5',
  searches: 'descriptors',
});
