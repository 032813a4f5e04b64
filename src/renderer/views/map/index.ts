import { Map } from '@lucide/vue';
import { view } from '../view.ts';

export const map = view({
  name: 'map',
  title: 'Map',
  icon: Map,
  path: '/map',
  component: () => import('./MapView.vue'),
  key: '6',
});
