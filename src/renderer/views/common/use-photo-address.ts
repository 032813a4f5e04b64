import { watch } from 'vue';
import { useLibrary } from '../../stores/library.ts';
import { useQuery } from '../../stores/query.ts';

/**
 * Keeps the selected photo of all views in the address of the calling one, as long as it is mounted, so that a reload or a sent link
 * selects it again. An address with a photo wins over what is selected.
 * @param key of the query.
 */
export function usePhotoAddress(key = 'photo'): void {
  const library = useLibrary();
  const { route, change } = useQuery();
  const here = route.name;
  const asked = (): string | null => (typeof route.query[key] === 'string' ? route.query[key] : null);
  watch(
    asked,
    (photo) => {
      if (route.name === here && photo !== null && photo !== library.selectedPhoto) void library.select(photo);
    },
    { immediate: true },
  );
  watch(
    [() => library.selectedPhoto, () => library.selectedInfo] as const,
    ([photo], [before, known]) => {
      // One that the library does not have stays in the address, so that the view can say so.
      if (photo === null && before === asked() && known === null) return;
      if (route.name === here && photo !== asked()) void change({ [key]: photo ?? undefined });
    },
    { immediate: true },
  );
}
