import { computed, type WritableComputedRef } from 'vue';
import { useQuery } from '../../stores/query.ts';

/** The photo that is shown as large as the window allows, in the address; null: none. */
export function useLarge(): WritableComputedRef<string | null> {
  const { route, change } = useQuery();
  return computed({
    get: () => (typeof route.query['large'] === 'string' ? route.query['large'] : null),
    set: (photo) => void change({ large: photo ?? undefined }),
  });
}
