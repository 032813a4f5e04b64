import { computed, ref, shallowRef, watch } from 'vue';
import type { DuplicateGroup } from '../../../shared/domain.ts';
import { useNotices } from '../../stores/notices.ts';
import { request } from '../../transport/index.ts';

/** Near duplicates that are asked for: bits that may differ, and only groups of which several photos are not folded. */
export interface AskedGroups {
  readonly bits: number;
  readonly open: boolean;
}

const PAGE = 50;

/**
 * Groups of near duplicates by position, of which only those that are looked at are fetched. What was shown stays until what takes its
 * place is there.
 * @param changes another text whenever they may be others.
 */
export function useGroups(asked: () => AskedGroups, changes: () => string) {
  const notices = useNotices();
  const sums = shallowRef<{ readonly total: number; readonly all: number; readonly photos: number } | null>(null);
  const pages = shallowRef<ReadonlyMap<number, readonly DuplicateGroup[]>>(new Map());
  const going = new Set<number>();
  const span = ref({ first: 0, end: 1 });
  let generation = 0;

  const wanted = (): number[] => {
    const first = Math.floor(span.value.first / PAGE);
    const last = Math.floor(Math.max(span.value.first, span.value.end - 1) / PAGE);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  };
  async function fetchPages(numbers: readonly number[], anew: boolean): Promise<void> {
    const mine = anew ? (generation += 1) : generation;
    for (const n of numbers) going.add(n);
    try {
      const answers = await Promise.all(
        numbers.map((n) => request('photos.duplicates', { ...asked(), from: n * PAGE, limit: PAGE })),
      );
      if (mine !== generation) return;
      const { total, all, photos } = answers[0]!;
      sums.value = { total, all, photos };
      pages.value = new Map([...(anew ? [] : pages.value), ...answers.map((a, i) => [numbers[i]!, a.groups] as const)]);
    } catch (error) {
      if (mine === generation) notices.error(error);
    } finally {
      for (const n of numbers) going.delete(n);
    }
  }
  function want(first: number, end: number): void {
    span.value = { first, end };
    const missing = wanted().filter((n) => !pages.value.has(n) && !going.has(n));
    if (sums.value !== null && missing.length > 0) void fetchPages(missing, false);
  }
  watch([() => JSON.stringify(asked()), changes], () => void fetchPages(wanted(), true), { immediate: true });

  return {
    sums,
    total: computed(() => sums.value?.total ?? 0),
    photos: computed(() => sums.value?.photos ?? 0),
    at: (i: number): DuplicateGroup | undefined => pages.value.get(Math.floor(i / PAGE))?.[i % PAGE],
    want,
    ids: async (which: 'all' | 'best' | 'others'): Promise<readonly string[]> =>
      (await request('photos.duplicateIds', { ...asked(), which })).photos,
  };
}
