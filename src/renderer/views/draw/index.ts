import { PencilRuler } from '@lucide/vue';
import { view } from '../view.ts';

export const draw = view({
  name: 'draw',
  title: 'Draw',
  icon: PencilRuler,
  path: '/draw',
  component: () => import('./DrawView.vue'),
  key: '0',
});
