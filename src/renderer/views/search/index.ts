import { Search } from '@lucide/vue';
import { view } from '../view.ts';

export const search = view({
  name: 'search',
  title: 'Search',
  icon: Search,
  path: '/search',
  empty: 'A search ranks the photos of the library.',
  component: () => import('./SearchView.vue'),
  later: [() => import('./MethodForm.vue')],
  key: '4',
  searches: 'descriptors',
});
