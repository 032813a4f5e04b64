import { computed, shallowRef } from 'vue';
import { useRoute } from 'vue-router';
import type { SetInfo } from '../../../shared/domain.ts';
import { useLibrary } from '../../stores/library.ts';
import { request } from '../../transport/index.ts';

/** Descriptor sets of whole photos, and which one a view uses: that of its address, else that of the network in use, else any. */
export function useSets() {
  const route = useRoute();
  const library = useLibrary();
  const all = shallowRef<readonly SetInfo[]>([]);
  const loaded = shallowRef(false);
  const usable = computed(() => all.value.filter((s) => !s.regional));
  const key = computed((): string | undefined => {
    const asked = route.query['set'];
    if (typeof asked === 'string' && asked !== '') return asked;
    return (usable.value.find((s) => s.network === library.network?.id) ?? usable.value[0])?.key;
  });
  const options = computed(() => usable.value.map((s) => ({ value: s.key, label: s.name })));

  /** @throws CovisError. */
  async function refresh(): Promise<void> {
    all.value = await request('sets.list', {});
    loaded.value = true;
  }
  return { loaded, usable, key, options, refresh };
}
