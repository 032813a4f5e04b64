import { computed } from 'vue';
import { useLatest } from '../../kit/latest.ts';
import { useLibrary } from '../../stores/library.ts';
import { request } from '../../transport/index.ts';

/** Which photos are folded under which, in the library: photo to the one that stands for it. Empty until it is known. */
export function useFolds(asked: () => boolean = () => true) {
  const library = useLibrary();
  const { data, error, reload } = useLatest(
    computed(() => (asked() ? library.changed('folds') + library.changed('photos') : null)),
    async () => {
      const under = new Map<string, string>();
      for (const group of (await request('folds.list', {})).groups)
        for (const one of group.under) under.set(one.photo, group.head.photo);
      return under as ReadonlyMap<string, string>;
    },
    { keep: true },
  );
  return { under: computed((): ReadonlyMap<string, string> => data.value ?? new Map()), error, reload };
}
