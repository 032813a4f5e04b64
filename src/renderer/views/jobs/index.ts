import { ListChecks } from '@lucide/vue';
import { view } from '../view.ts';
import { planDialog, retryDialog } from './dialogs.ts';

export const jobs = view({
  name: 'jobs',
  title: 'Jobs',
  icon: ListChecks,
  path: '/jobs',
  empty: false,
  component: () => import('./JobsView.vue'),
  later: [planDialog, retryDialog],
  key: '8',
});
