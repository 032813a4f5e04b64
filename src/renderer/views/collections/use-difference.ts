import { computed, ref, shallowRef, watch, type ComputedRef } from 'vue';
import type { PhotoDifference } from '../../../shared/facts/collections.ts';
import type { RouteParams } from '../../../shared/routes/index.ts';
import type { PhotoList } from '../../kit/photo-list.ts';
import { useNotices } from '../../stores/notices.ts';
import { request } from '../../transport/index.ts';

/** A photo that differs, as grids want it. */
export type Differing = PhotoDifference & { readonly id: string };
/** Which photos, and how many of them there are. */
export interface DifferenceQuery {
  readonly ask: Omit<RouteParams<'collections.diff'>, 'at' | 'limit'>;
  readonly total: number;
}

const PAGE = 200;
const KEPT = 30;
/** Photos that are asked for together where only their ids are wanted. */
const MANY = 1000;

const itemOf = (p: PhotoDifference): Differing => ({ ...p, id: p.photo ?? p.sha256 ?? p.name });

/** Photos that differ between two states, read by position: of any number, only what is looked at is fetched. */
export function useDifferencePages(asked: ComputedRef<DifferenceQuery | null>) {
  const query = (): DifferenceQuery | null => asked.value;
  const notices = useNotices();
  const pages = shallowRef<ReadonlyMap<number, readonly Differing[]>>(new Map());
  const places = new Map<string, number>();
  const heard = ref(0);
  const going = new Set<number>();
  let generation = 0;
  let span = { first: 0, end: PAGE };

  async function fetched(of: DifferenceQuery, at: number, limit: number): Promise<readonly Differing[]> {
    const { photos } = await request('collections.diff', { ...of.ask, at, limit });
    const items = photos.map(itemOf);
    items.forEach((p, i) => places.set(p.id, at + i));
    return items;
  }
  async function load(page: number, of: DifferenceQuery): Promise<void> {
    const mine = generation;
    going.add(page);
    try {
      const items = await fetched(of, page * PAGE, PAGE);
      if (mine !== generation) return;
      const next = new Map(pages.value).set(page, items);
      for (const old of next.keys()) {
        if (next.size <= KEPT) break;
        next.delete(old);
      }
      pages.value = next;
    } catch (error) {
      if (mine === generation) notices.error(error);
    } finally {
      if (mine === generation) going.delete(page);
    }
  }
  function want(first: number, end: number): void {
    span = { first, end };
    const of = query();
    if (of === null || of.total === 0) return;
    const last = Math.floor((Math.min(of.total, Math.max(end, first + 1)) - 1) / PAGE);
    for (let page = Math.floor(first / PAGE); page <= last; page += 1)
      if (!pages.value.has(page) && !going.has(page)) void load(page, of);
  }
  const at = (i: number): Differing | undefined => pages.value.get(Math.floor(i / PAGE))?.[i % PAGE];
  function ids(first: number, end: number): readonly string[] | Promise<readonly string[]> {
    const here = Array.from({ length: Math.max(0, end - first) }, (_, i) => at(first + i)?.id);
    return here.every((id) => id !== undefined) ? here : fetchIds(first, end);
  }
  async function fetchIds(first: number, end: number): Promise<readonly string[]> {
    const of = query();
    const all: string[] = [];
    for (let from = first; of !== null && from < end; from += MANY)
      all.push(...(await fetched(of, from, Math.min(MANY, end - from))).map((p) => p.id));
    heard.value += 1;
    return all;
  }

  const photos = computed((): PhotoList<Differing> => {
    void pages.value;
    void heard.value;
    return { total: query()?.total ?? 0, at, want, indexOf: (id) => places.get(id) ?? -1, ids };
  });
  watch(
    asked,
    () => {
      generation += 1;
      going.clear();
      places.clear();
      pages.value = new Map();
      want(0, Math.max(PAGE, span.end - span.first));
    },
    { immediate: true },
  );
  return { photos, ids: (): readonly string[] | Promise<readonly string[]> => ids(0, query()?.total ?? 0) };
}
