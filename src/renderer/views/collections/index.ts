import { LibraryBig } from '@lucide/vue';
import { view } from '../view.ts';

export const collections = view({
  name: 'collections',
  title: 'Collections',
  icon: LibraryBig,
  path: '/collections',
  component: () => import('./CollectionsView.vue'),
  key: 'q',
  pages: [{ name: 'collection', path: '/collections/:id', component: () => import('./CollectionsView.vue') }],
});
