import { PencilRuler } from '@lucide/vue';
import { view } from '../view.ts';

export const draw = view({
  name: 'draw',
  title: 'Draw',
  icon: PencilRuler,
  path: '/draw',
  empty: 'A drawing is searched for among the photos of the library.',
  component: () => import('./DrawView.vue'),
  key: '0',
  searches: 'thread',
});
