import { computed, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue';
import { keep, readKept } from './kept.ts';
import type { MapPhotos } from './map-data.ts';

const KEPT = 'covis-lasso';

/** Places of the map under the lasso, and their photos. They outlive a reload of the window, where the map is still that one. */
export function useLassoed(
  map: Readonly<Ref<{ readonly photos: MapPhotos } | null>>,
  set: Readonly<Ref<string | undefined>>,
): { readonly inside: ShallowRef<readonly number[]>; readonly lassoed: ComputedRef<string[]> } {
  const inside = shallowRef<readonly number[]>([]);
  const lassoed = computed(() => inside.value.map((i) => map.value!.photos.at(i)));
  watch(map, (now) => {
    const kept = now === null ? null : readKept(sessionStorage.getItem(KEPT), set.value);
    inside.value = kept?.map((photo) => now!.photos.indexOf(photo)).filter((i) => i >= 0) ?? [];
  });
  watch(inside, (now) => {
    if (map.value === null) return;
    if (now.length === 0) sessionStorage.removeItem(KEPT);
    else keep(sessionStorage, KEPT, JSON.stringify({ set: set.value, photos: lassoed.value }));
  });
  return { inside, lassoed };
}
