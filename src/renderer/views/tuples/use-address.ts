import { computed, watch, type Ref } from 'vue';
import { useRouter } from 'vue-router';
import type { TupleFilterParams } from '../../../shared/routes/tuples.ts';
import { plural } from '../../kit/format.ts';
import { useQuery, type QueryChange } from '../../stores/query.ts';
import type { MiningRunInfo, TupleSort } from '../../../shared/domain.ts';
import { comparedOf, filterOf, FIRST_SORT, runOf } from './opening.ts';
import { SORT_TEXT } from './labels.ts';

/** What the address says of the list of tuples: run, place in it, order, filter, and the run that it is compared with. */
export function useAddress(runs: Ref<readonly MiningRunInfo[]>, total: Ref<number>) {
  const router = useRouter();
  const { route, change } = useQuery();

  const run = computed(() => runOf(runs.value, route.params));
  const sort = computed((): TupleSort => {
    const asked = route.query['sort'] as TupleSort;
    return Object.hasOwn(SORT_TEXT, asked) ? asked : FIRST_SORT;
  });
  const filter = computed(() => filterOf(route.query));
  const compared = computed(() => comparedOf(runs.value, route.query));
  const at = computed(() => Math.min(Number(route.params['index'] ?? 0) || 0, Math.max(0, total.value - 1)));
  /** What the address names and is not there, in a sentence; empty where all is. */
  const absent = computed(() => {
    const index = Number(route.params['index'] ?? 0);
    if (run.value !== null && total.value > 0 && !(index >= 0 && index < total.value))
      return `This list has ${plural(total.value, 'tuple')}, and none at ${String(route.params['index'])}`;
    const other = route.query['compare'];
    if (typeof other === 'string' && runs.value.length > 0 && compared.value === null)
      return `There is no run ${other} to compare with`;
    return '';
  });
  /** A tuple that is to be shown wherever it stands in the list, by its number as mined. */
  const wanted = computed(() => {
    const n = Number(route.query['tuple'] ?? NaN);
    return Number.isInteger(n) && n >= 0 ? n : null;
  });

  /** Changes the query, at `index` or where one is. */
  function query(to: QueryChange, index?: number): void {
    const params = { run: run.value?.id, ...(index === undefined ? {} : { index }) };
    void change(to, { push: true, params });
  }

  function filterBy(next: TupleFilterParams): void {
    query({ filter: Object.keys(next).length === 0 ? undefined : JSON.stringify(next), compare: undefined }, 0);
  }

  /** The run that the address was given because it named none: as long as nobody moves in it, a newer one takes its place. */
  let given: number | null = null;

  function chooseRun(id: number): void {
    given = null;
    void router.push({ name: 'tuples', params: { run: id }, query: { sort: route.query['sort'] } });
  }

  /** Shows a tuple by its position in the list; beyond the ends the first or the last. */
  function show(index: number): void {
    if (total.value === 0 || run.value === null) return;
    const params = { run: run.value.id, index: Math.max(0, Math.min(total.value - 1, index)) };
    void change({ compare: undefined, tuple: undefined, beside: undefined }, { params });
  }

  // The address says which run is seen, so that a link to it can be sent.
  watch(
    [() => route.name, () => String(route.params['run'] ?? ''), () => runs.value[0]?.id],
    ([name, asked, newest]) => {
      if (name !== 'tuples' || newest === undefined || asked === String(newest)) return;
      const still = asked === String(given) && (route.params['index'] ?? '') === '';
      if (asked !== '' && !still) return;
      given = newest;
      void change({}, { params: { run: newest } });
    },
    { immediate: true },
  );

  return { run, sort, filter, compared, absent, at, wanted, query, filterBy, chooseRun, show };
}

export type TuplesAddress = ReturnType<typeof useAddress>;
