import { Images } from '@lucide/vue';
import { view } from '../view.ts';

export const photos = view({
  name: 'photos',
  title: 'Photos',
  icon: Images,
  path: '/photos',
  empty:
    'All photos of the library are here: when and where they were taken, which are there twice, what matches what.',
  ahead: async (ask, { query: { tab } }) => tab !== undefined || ask('photos.overview', {}),
  component: () => import('./PhotosView.vue'),
  key: '9',
  palette: [
    { label: 'Photos: when and where', query: { tab: 'when' } },
    { label: 'Photos: near duplicates', query: { tab: 'duplicates' } },
    { label: 'Photos: matches', query: { tab: 'matches' } },
  ],
});
