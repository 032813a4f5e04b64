import { Waypoints } from '@lucide/vue';
import { view } from '../view.ts';

export const manifold = view({
  name: 'manifold',
  title: 'Manifold',
  icon: Waypoints,
  path: '/manifold',
  component: () => import('./ManifoldView.vue'),
  key: '5',
});
