import { computed, shallowRef, watch } from 'vue';
import type { ComparedQuery, QueryOrder } from '../../../shared/facts/measurements.ts';
import { useNotices } from '../../stores/notices.ts';
import { request } from '../../transport/index.ts';

/** Queries of a measurement that are asked for together. */
const PAGE = 100;
/** Pages kept around those that are seen. */
const KEPT = 20;

/** Which queries, and in which order. */
export interface AskedQueries {
  readonly id: number;
  /** Another measurement, by its number. */
  readonly with?: number | undefined;
  readonly order: QueryOrder;
}

interface Pages {
  readonly total: number;
  readonly wins: number;
  readonly losses: number;
  readonly of: ReadonlyMap<number, readonly ComparedQuery[]>;
}

/** Queries of a measurement, of which only what is looked at is fetched; what was shown stays until the next ones are there. */
export function useQueries(asked: () => AskedQueries | null) {
  const notices = useNotices();
  const pages = shallowRef<Pages | null>(null);
  const going = new Set<number>();
  let turn = 0;
  /** Nothing of what is asked now is there yet: then its first page is on its way. */
  let fresh = true;
  let wanted: readonly number[] = [];

  async function fetchPage(page: number, of: AskedQueries, mine: number): Promise<void> {
    going.add(page);
    try {
      const answer = await request('measurements.queries', { ...of, from: page * PAGE, limit: PAGE });
      if (mine !== turn) return;
      going.delete(page);
      const { queries, ...counts } = answer;
      // Those of another order go when the first of this one are there.
      const next = new Map(fresh ? [] : pages.value?.of);
      fresh = false;
      next.delete(page);
      next.set(page, queries);
      for (const old of next.keys()) {
        if (next.size <= KEPT) break;
        next.delete(old);
      }
      pages.value = { ...counts, of: next };
      proceed(of, mine);
    } catch (error) {
      if (mine !== turn) return;
      going.delete(page);
      notices.error(error);
    }
  }

  /** One page after the other: what was scrolled past before its turn is not asked for. */
  function proceed(of: AskedQueries, mine: number): void {
    const next = wanted.find((p) => pages.value?.of.has(p) !== true);
    if (going.size === 0 && next !== undefined) void fetchPage(next, of, mine);
  }

  watch(
    () => JSON.stringify(asked()),
    () => {
      turn += 1;
      going.clear();
      fresh = true;
      wanted = [];
      const of = asked();
      if (of === null) pages.value = null;
      else void fetchPage(0, of, turn);
    },
    { immediate: true },
  );

  /** These are seen; up to, not including, `end`. */
  function want(first: number, end: number): void {
    const of = asked();
    const total = pages.value?.total ?? 0;
    if (of === null || fresh || total === 0) return;
    const last = Math.floor((Math.min(total, end) - 1) / PAGE);
    const from = Math.floor(first / PAGE);
    wanted = Array.from({ length: Math.max(0, last - from + 1) }, (_, i) => from + i);
    proceed(of, turn);
  }
  return {
    loaded: computed(() => pages.value !== null),
    total: computed(() => pages.value?.total ?? 0),
    wins: computed(() => pages.value?.wins ?? 0),
    losses: computed(() => pages.value?.losses ?? 0),
    at: (i: number): ComparedQuery | undefined => pages.value?.of.get(Math.floor(i / PAGE))?.[i % PAGE],
    want,
  };
}
