import { GraduationCap } from '@lucide/vue';
import { view } from '../view.ts';
import { trainForm } from './form.ts';

export const train = view({
  name: 'train',
  title: 'Train',
  icon: GraduationCap,
  path: '/train',
  empty: 'Training needs photos and clusters of the same place.',
  component: () => import('./TrainView.vue'),
  later: [trainForm],
  key: '3',
  palette: [{ label: 'Networks: backbones, download, add', query: { networks: '' } }],
});
