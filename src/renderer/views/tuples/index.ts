import { Layers } from '@lucide/vue';
import { view } from '../view.ts';
import { mineDialog } from './dialogs.ts';
import { tuplesAhead } from './opening.ts';

export const tuples = view({
  name: 'tuples',
  title: 'Tuples',
  icon: Layers,
  path: '/tuples/:run?/:index?',
  empty:
    'Tuples are what a network is trained with: a query, a photo of the same place, and the hardest photos of others.',
  ahead: (ask, { params, query }) => tuplesAhead(ask, params, query),
  component: () => import('./TuplesView.vue'),
  later: [mineDialog],
  key: '2',
});
