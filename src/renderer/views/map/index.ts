import { Map } from '@lucide/vue';
import { question } from '../../transport/index.ts';
import { view } from '../view.ts';

export const map = view({
  name: 'map',
  title: 'Map',
  icon: Map,
  path: '/map',
  empty: 'The map lays all photos out by what they look like.',
  asks: () => [question('sets.list', {})],
  component: () => import('./MapView.vue'),
  key: '6',
});
