import { computed, ref, shallowRef, watch } from 'vue';
import type { ListedPhoto } from '../../../shared/facts/collections.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { RouteParams } from '../../../shared/routes/index.ts';
import type { PhotoList } from '../../kit/photo-list.ts';
import { useLibrary } from '../../stores/library.ts';
import { useNotices } from '../../stores/notices.ts';
import { request } from '../../transport/index.ts';

/** A photo of a list, as grids want it. */
export type Item = ListedPhoto & { readonly id: string };
type ListQuery = RouteParams<'collections.open'>;
/** How a list is opened; `key` says when it is another. */
export interface Opening {
  readonly key: string;
  readonly open: () => Promise<{ readonly list: string; readonly total: number }>;
}

export function opening(query: ListQuery): Opening {
  return { key: JSON.stringify(query), open: () => request('collections.open', query) };
}

const PAGE = 200;
/** Pages kept around what is seen; what lies farther away is fetched again. */
const KEPT = 30;
/** Pages that are asked for at the same time: who flies over thousands is not kept waiting at the end by those that were passed. */
const AT_ONCE = 2;
/** Ids that are asked for together. */
const IDS = 10_000;

/**
 * Photos of a collection, or of the library, in an order, read by position: any number of them, of which only what is looked at is
 * fetched. What was shown stays until what takes its place is there.
 */
export function usePhotoPages(query: () => Opening | null) {
  const library = useLibrary();
  const notices = useNotices();
  const total = ref(0);
  const ready = ref(false);
  const pages = shallowRef<ReadonlyMap<number, readonly Item[]>>(new Map());
  /** Positions of photos that were heard of. */
  const places = new Map<string, number>();
  const heard = ref(0);
  const going = new Map<number, Promise<void>>();
  let list = '';
  let generation = 0;
  let span = { first: 0, end: PAGE };

  async function fetchPage(page: number, of: string): Promise<readonly Item[]> {
    const { photos } = await request('collections.page', { list: of, from: page * PAGE, limit: PAGE });
    return photos.map((p) => ({ ...p, id: p.photo }));
  }
  /** Of a list of so many photos the pages that are looked at. */
  function wantedPages(of = total.value): number[] {
    const last = Math.max(0, Math.ceil(of / PAGE) - 1);
    const first = Math.min(last, Math.floor(span.first / PAGE));
    const end = Math.min(last, Math.floor(Math.max(span.first, span.end - 1) / PAGE));
    return of === 0 ? [] : Array.from({ length: end - first + 1 }, (_, i) => first + i);
  }

  /** Opens the list anew: what is seen is fetched first and put in the place of what was. */
  async function open(): Promise<void> {
    const asked = query();
    const mine = (generation += 1);
    if (asked === null) {
      list = '';
      total.value = 0;
      pages.value = new Map();
      ready.value = false;
      return;
    }
    try {
      const opened = await asked.open();
      if (mine !== generation) return;
      const next = new Map<number, readonly Item[]>();
      const numbers = wantedPages(opened.total);
      const fetched = await Promise.all(numbers.map((n) => fetchPage(n, opened.list)));
      if (mine !== generation) return;
      list = opened.list;
      total.value = opened.total;
      going.clear();
      places.clear();
      for (const [i, n] of numbers.entries()) {
        next.set(n, fetched[i]!);
        for (const p of fetched[i]!) places.set(p.id, p.at);
      }
      pages.value = next;
      ready.value = true;
    } catch (error) {
      if (mine === generation) notices.error(error);
    }
  }

  /** @returns whether it is there, or another list is. */
  async function load(page: number): Promise<boolean> {
    const from = list;
    try {
      const items = await fetchPage(page, from);
      if (from !== list) return true;
      const next = new Map(pages.value);
      next.delete(page);
      next.set(page, items);
      for (const p of items) places.set(p.id, p.at);
      for (const old of next.keys()) {
        if (next.size <= KEPT) break;
        next.delete(old);
      }
      pages.value = next;
      return true;
    } catch (error) {
      // The engine keeps a few lists only, and none over its restart.
      if (error instanceof CovisError && error.code === 'NOT_FOUND' && from === list) await open();
      else notices.error(error);
      return false;
    }
  }
  /** Of what is seen now, and then of what lies next to it, the first page that is not there yet. */
  function nextPage(): number | undefined {
    const seen = wantedPages();
    const last = Math.ceil(total.value / PAGE) - 1;
    const beside = seen.length === 0 ? [] : [seen.at(-1)! + 1, seen[0]! - 1].filter((p) => p >= 0 && p <= last);
    return [...seen, ...beside].find((page) => !pages.value.has(page) && !going.has(page));
  }
  function fetchOn(): void {
    while (list !== '' && going.size < AT_ONCE) {
      const page = nextPage();
      if (page === undefined) return;
      const loading: Promise<void> = load(page).then((there) => {
        if (going.get(page) === loading) going.delete(page);
        // What failed was said, and is asked for again when somebody looks there again.
        if (there) fetchOn();
      });
      going.set(page, loading);
    }
  }
  function want(first: number, end: number): void {
    span = { first, end };
    fetchOn();
  }
  function loaded(i: number): Item | undefined {
    return pages.value.get(Math.floor(i / PAGE))?.[i % PAGE];
  }
  function ids(first: number, end: number): readonly string[] | Promise<readonly string[]> {
    const here: string[] = [];
    for (let i = first; i < end; i += 1) {
      const item = loaded(i);
      if (item === undefined) return fetchIds(first, end);
      here.push(item.id);
    }
    return here;
  }
  async function fetchIds(first: number, end: number): Promise<readonly string[]> {
    const all: string[] = [];
    for (let at = first; at < end; at += IDS) {
      const { photos } = await request('collections.ids', { list, from: at, limit: Math.min(IDS, end - at) });
      for (const [i, photo] of photos.entries()) places.set(photo, at + i);
      all.push(...photos);
    }
    heard.value += 1;
    return all;
  }

  const photos = computed((): PhotoList<Item> => {
    void pages.value;
    void heard.value;
    return { total: total.value, at: loaded, want, indexOf: (id) => places.get(id) ?? -1, ids };
  });

  watch(() => query()?.key, open, { immediate: true });
  watch([() => library.changed('collections'), () => library.changed('photos')], open);
  return { photos, total, ready, ids: (): readonly string[] | Promise<readonly string[]> => ids(0, total.value), open };
}

export type PhotoPages = ReturnType<typeof usePhotoPages>;
