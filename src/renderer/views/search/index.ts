import { Search } from '@lucide/vue';
import { view } from '../view.ts';

export const search = view({
  name: 'search',
  title: 'Search',
  icon: Search,
  path: '/search',
  component: () => import('./SearchView.vue'),
  key: '4',
});
