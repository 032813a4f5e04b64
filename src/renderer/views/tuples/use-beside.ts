import { computed, ref, watch, type ComputedRef, type Ref, type WritableComputedRef } from 'vue';
import type { StageMode } from '../../kit/types.ts';
import { useQuery, type QueryChange } from '../../stores/query.ts';
import type { Shown } from './shown.ts';

export interface Beside {
  /** How the two are compared. */
  readonly mode: WritableComputedRef<StageMode>;
  /** Place among the photos of the one that is compared with the query, and that decisions are about. */
  readonly at: Readonly<Ref<number>>;
  readonly focused: ComputedRef<Shown>;
  /** Compares this one; beyond the ends it goes round. */
  focus(at: number): void;
}

/**
 * Which of a tuple's photos is beside its query, and how they are compared. Both stand in the address (`beside`, `compared-by`), so that a
 * reload or a sent link shows the same two photos; the positive, side by side, where it says nothing or names a photo of another tuple.
 * @param tuple the one that is shown: another one begins with its positive.
 */
export function useBeside(
  tuple: () => string,
  photos: Readonly<Ref<readonly Shown[]>>,
  modes: readonly StageMode[],
): Beside {
  const { route, change } = useQuery();
  const here = route.name;
  /** Changes of the address that are under way: the photo does not wait for them, for the next key is about it. */
  let saying = 0;

  function say(what: QueryChange): void {
    if (route.name !== here) return;
    saying += 1;
    void change(what).finally(() => (saying -= 1));
  }
  const asked = (): number =>
    Math.max(
      0,
      photos.value.findIndex((p) => p.photo === route.query['beside']),
    );
  const at = ref(asked());
  watch(tuple, () => (at.value = asked()));
  watch(
    () => route.query['beside'],
    () => {
      if (saying === 0 && route.name === here) at.value = asked();
    },
  );
  return {
    mode: computed({
      get: () => modes.find((m) => m === route.query['compared-by']) ?? modes[0]!,
      set: (next) => say({ 'compared-by': next === modes[0] ? undefined : next }),
    }),
    at,
    focused: computed(() => photos.value[at.value] ?? photos.value[0]!),
    focus: (i) => {
      at.value = (i + photos.value.length) % photos.value.length;
      say({ beside: at.value === 0 ? undefined : photos.value[at.value]!.photo });
    },
  };
}
