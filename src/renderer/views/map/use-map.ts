import { computed, watch, type Ref } from 'vue';
import { useLatest } from '../../kit/latest.ts';
import { useLibrary } from '../../stores/library.ts';
import { fetchField, fetchInfo, fetchMap } from './map-data.ts';

/**
 * The map of a set of descriptors, and one of its fields: what there is, then its places and what colours them, both together.
 * @param field the name of the field; of one that there is not, the first.
 */
export function useMap(set: Ref<string | undefined>, field: Ref<string>) {
  const library = useLibrary();
  const found = useLatest(set, fetchInfo);
  const info = found.data;
  const points = useLatest(
    () => (info.value === null ? null : set.value),
    (_, signal) => fetchMap(info.value!, signal),
  );
  const map = points.data;
  const chosen = computed(() => {
    const fields = info.value?.fields ?? [];
    return Math.max(
      0,
      fields.findIndex((f) => f.name === field.value),
    );
  });
  const values = useLatest(
    () => info.value && `${info.value.id} ${chosen.value}`,
    (_, signal) => fetchField(info.value!, chosen.value, signal),
    { keep: true },
  );
  watch([() => library.changed('map'), () => library.changed('descriptors')], () => void found.reload());
  // What is drawn stays until what has taken its place is there.
  watch(info, (now) => {
    if (now !== null && map.value !== null && map.value.info.id !== now.id) void points.reload();
  });
  return {
    info,
    map,
    values: values.data,
    /** There is none, as far as is known. */
    none: computed(() => info.value === null && !found.loading.value),
    error: computed(() => found.error.value ?? points.error.value ?? values.error.value),
  };
}
