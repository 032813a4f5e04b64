import { Map } from '@lucide/vue';
import { preferredNetwork } from '../../stores/library.ts';
import { setInUse } from '../common/set-in-use.ts';
import { view } from '../view.ts';

export const map = view({
  name: 'map',
  title: 'Map',
  icon: Map,
  path: '/map',
  empty: 'The map lays all photos out by what they look like.',
  ahead: async (ask, { query: { set } }) => {
    const [info, sets] = await Promise.all([ask('library.current', {}), ask('sets.list', {})]);
    const key = setInUse(sets, preferredNetwork(info), set);
    // It is worked out once for a server, which takes a while of many photos.
    if (key !== undefined) await ask('map.points', { set: key });
  },
  component: () => import('./MapView.vue'),
  key: '6',
});
