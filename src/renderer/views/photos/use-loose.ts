import { computed } from 'vue';
import { useLatest } from '../../kit/latest.ts';
import { useLibrary } from '../../stores/library.ts';
import { request } from '../../transport/index.ts';

const IDS = 10_000;

/** The photos that are in no collection, while that is asked for; null while it is not, or not known yet. */
export function useLoose(asked: () => boolean) {
  const library = useLibrary();
  const { data, error } = useLatest(
    computed(() => (asked() ? library.changed('collections') + library.changed('photos') : null)),
    async () => {
      const { list, total } = await request('collections.open', { collection: null, filter: { inNone: true } });
      const ids = new Set<string>();
      for (let from = 0; from < total; from += IDS)
        for (const id of (await request('collections.ids', { list, from, limit: IDS })).photos) ids.add(id);
      return ids as ReadonlySet<string>;
    },
    { keep: true },
  );
  return { loose: computed(() => (asked() ? data.value : null)), error };
}
