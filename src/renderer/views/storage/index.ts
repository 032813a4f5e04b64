import { HardDrive } from '@lucide/vue';
import { view } from '../view.ts';

export const storage = view({
  name: 'storage',
  title: 'Storage',
  icon: HardDrive,
  path: '/storage',
  empty: false,
  component: () => import('./StorageView.vue'),
});
