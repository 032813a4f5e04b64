import { Map } from '@lucide/vue';
import { view } from '../view.ts';

export const map = view({
  name: 'map',
  title: 'Map',
  icon: Map,
  path: '/map',
  empty: 'The map lays all photos out by what they look like.',
  component: () => import('./MapView.vue'),
  key: '6',
});
