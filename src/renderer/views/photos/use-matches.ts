/** The photo whose local features' matches are looked at, and the photos that match it. */
import { computed, ref, watch } from 'vue';
import { useRoute } from 'vue-router';
import { useLatest } from '../../kit/latest.ts';
import { useLibrary } from '../../stores/library.ts';
import { request } from '../../transport/index.ts';

export function useMatches() {
  const route = useRoute();
  const library = useLibrary();
  /** One of those that match it is chosen like any photo, and does not take its place. */
  const photo = ref<string | null>(null);
  const found = useLatest(photo, async (id) => {
    const [neighbours, info] = await Promise.all([
      request('matches.of', { photo: id }),
      request('photos.info', { id }),
    ]);
    return { neighbours, info };
  });
  watch(
    () => library.changed('matches'),
    () => void found.reload(),
  );
  const neighbours = computed(() => found.data.value?.neighbours ?? []);
  const info = computed(() => found.data.value?.info ?? null);
  watch(
    () => (typeof route.query['photo'] === 'string' ? route.query['photo'] : library.selectedPhoto),
    (now) => {
      if (now !== null && neighbours.value.every((n) => n.photo !== now)) photo.value = now;
    },
    { immediate: true },
  );
  return { photo, found, neighbours, info };
}
