import { ListChecks } from '@lucide/vue';
import { view } from '../view.ts';

export const jobs = view({
  name: 'jobs',
  title: 'Jobs',
  icon: ListChecks,
  path: '/jobs',
  empty: false,
  component: () => import('./JobsView.vue'),
  schemas: true,
  key: '8',
});
