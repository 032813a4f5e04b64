import { GraduationCap } from '@lucide/vue';
import { view } from '../view.ts';

export const train = view({
  name: 'train',
  title: 'Train',
  icon: GraduationCap,
  path: '/train',
  component: () => import('./TrainView.vue'),
  key: '3',
  palette: [{ label: 'Networks: backbones, download, add', query: { networks: '' } }],
});
