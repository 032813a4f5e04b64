import { Box } from '@lucide/vue';
import { view } from '../view.ts';

export const clusters = view({
  name: 'clusters',
  title: 'Clusters',
  icon: Box,
  path: '/clusters',
  empty: 'A cluster is a set of photos and the 3D model that was built of them.',
  component: () => import('./ClustersView.vue'),
  key: '1',
  pages: [
    {
      name: 'cluster',
      path: '/clusters/:id',
      component: () => {
        // Both come at once, each in a task of its own; what cannot be fetched is said where it is shown.
        import('./ModelStage.vue').catch(() => undefined);
        return import('./ClusterView.vue');
      },
    },
  ],
});
