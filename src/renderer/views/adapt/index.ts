import { WandSparkles } from '@lucide/vue';
import { view } from '../view.ts';

export const adapt = view({
  name: 'adapt',
  title: 'Adapt',
  icon: WandSparkles,
  path: '/adapt',
  empty: 'Search learns from your photos: bring some first.',
  component: () => import('./AdaptView.vue'),
});
