import { Box } from '@lucide/vue';
import { view } from '../view.ts';

export const clusters = view({
  name: 'clusters',
  title: 'Clusters',
  icon: Box,
  path: '/clusters',
  component: () => import('./ClustersView.vue'),
  key: '1',
  pages: [{ name: 'cluster', path: '/clusters/:id', component: () => import('./ClusterView.vue') }],
});
