import { LibraryBig } from '@lucide/vue';
import { view } from '../view.ts';
import { DIALOGS } from './dialogs.ts';
import { teachAhead } from './teach-question.ts';

export const collections = view({
  name: 'collections',
  title: 'Collections',
  icon: LibraryBig,
  path: '/collections',
  empty: 'Photos that you gather are here: by hand or by rules, described, in versions that never change.',
  component: () => import('./CollectionsView.vue'),
  ahead: (ask, { params, query }) => teachAhead(ask, params, query),
  later: Object.values(DIALOGS),
  key: 'q',
  pages: [{ name: 'collection', path: '/collections/:id', component: () => import('./CollectionsView.vue') }],
});
