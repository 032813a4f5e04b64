import { Images } from '@lucide/vue';
import { view } from '../view.ts';

export const photos = view({
  name: 'photos',
  title: 'Photos',
  icon: Images,
  path: '/photos',
  component: () => import('./PhotosView.vue'),
  key: '9',
  palette: [
    { label: 'Photos: when and where', query: { tab: 'when' } },
    { label: 'Photos: near duplicates', query: { tab: 'duplicates' } },
    { label: 'Photos: matches', query: { tab: 'matches' } },
  ],
});
