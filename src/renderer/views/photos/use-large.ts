import { computed, type WritableComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';

/** The photo that is shown as large as the window allows, in the address; null: none. */
export function useLarge(): WritableComputedRef<string | null> {
  const route = useRoute();
  const router = useRouter();
  return computed({
    get: () => (typeof route.query['large'] === 'string' ? route.query['large'] : null),
    set: (photo) => void router.replace({ query: { ...route.query, large: photo ?? undefined } }),
  });
}
