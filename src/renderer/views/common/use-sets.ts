import { computed, shallowRef } from 'vue';
import { useRoute } from 'vue-router';
import type { SetInfo } from '../../../shared/domain.ts';
import { useLibrary } from '../../stores/library.ts';
import { request } from '../../transport/index.ts';
import { setInUse } from './set-in-use.ts';

/** Descriptor sets of whole photos, and which one a view uses: that of its address, else that of the network in use, else any. */
export function useSets() {
  const route = useRoute();
  const library = useLibrary();
  const all = shallowRef<readonly SetInfo[]>([]);
  const loaded = shallowRef(false);
  const usable = computed(() => all.value.filter((s) => !s.regional));
  const key = computed(() => setInUse(all.value, library.network, route.query['set']));
  /** The set that the address asks for, where the library has none of that name. */
  const unknown = computed(() => {
    const asked = route.query['set'];
    return loaded.value && typeof asked === 'string' && asked !== '' && !usable.value.some((s) => s.key === asked)
      ? asked
      : null;
  });
  const options = computed(() => usable.value.map((s) => ({ value: s.key, label: s.name })));

  /** @throws CovisError. */
  async function refresh(): Promise<void> {
    all.value = await request('sets.list', {});
    loaded.value = true;
  }
  return { loaded, unknown, usable, key, options, refresh };
}
