import { Layers } from '@lucide/vue';
import { view } from '../view.ts';

export const tuples = view({
  name: 'tuples',
  title: 'Tuples',
  icon: Layers,
  path: '/tuples/:run?/:index?',
  component: () => import('./TuplesView.vue'),
  key: '2',
});
