import { Layers } from '@lucide/vue';
import { question } from '../../transport/index.ts';
import { view } from '../view.ts';

export const tuples = view({
  name: 'tuples',
  title: 'Tuples',
  icon: Layers,
  path: '/tuples/:run?/:index?',
  empty:
    'Tuples are what a network is trained with: a query, a photo of the same place, and the hardest photos of others.',
  asks: () => [question('tuples.runs', {})],
  component: () => import('./TuplesView.vue'),
  schemas: true,
  key: '2',
});
