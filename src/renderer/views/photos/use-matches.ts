/** The photo whose local features' matches are looked at, and the photos that match it. */
import { computed, ref, watch } from 'vue';
import { useLatest } from '../../kit/latest.ts';
import { useLibrary } from '../../stores/library.ts';
import { useQuery } from '../../stores/query.ts';
import { request } from '../../transport/index.ts';

/**
 * One of those that match the photo is chosen like any other, and does not take its place: the address has the selected photo as `photo`
 * and, where that is another, the one whose matches are shown as `of`.
 */
export function useMatches() {
  const { route, change } = useQuery();
  const library = useLibrary();
  const here = route.name;
  const text = (key: string): string | null => {
    const value = route.query[key];
    return typeof value === 'string' ? value : null;
  };
  const asked = computed(() => text('of'));
  const selected = computed(() => text('photo') ?? library.selectedPhoto);
  const photo = ref(asked.value ?? selected.value);
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
  watch(asked, (of) => of !== null && (photo.value = of));
  watch([selected, found.data, found.error], ([now]) => {
    // Who matches a photo that the address asks for is not known before it is there.
    const coming = found.data.value === null && found.error.value === null && asked.value === photo.value;
    if (now !== null && !coming && neighbours.value.every((n) => n.photo !== now)) photo.value = now;
  });
  watch([photo, selected], ([shown, now]) => {
    const of = shown === now ? null : shown;
    if (route.name === here && of !== asked.value) void change({ of: of ?? undefined });
  });
  return { photo, found, neighbours, info };
}
