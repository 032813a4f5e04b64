import { computed, ref, shallowRef } from 'vue';
import type { TupleFilterParams } from '../../../shared/routes/tuples.ts';
import type { TupleInfo, TupleSort } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { request } from '../../transport/index.ts';
import { useNotices } from '../../stores/notices.ts';
import { useReview } from '../../stores/review.ts';
import { withJudgements } from './judgements.ts';
import { PAGE } from './opening.ts';

/** Tuples that a request gives at most. */
const MOST = 500;
/** Pages kept around the last ones that were looked at; what lies farther away is fetched again. */
const PAGES_KEPT = 48;
/** Pages asked for at once: what was scrolled past before its turn is not asked for, and holds up nothing that comes after. */
const AT_ONCE = 4;

/** A list of tuples of any length: its order stands in the engine, its rows are fetched by page, ahead of the eye. */
export function useTupleList() {
  const notices = useNotices();
  const review = useReview();
  const total = ref(0);
  const ready = ref(false);
  const pages = shallowRef(new Map<number, readonly TupleInfo[]>());
  const asked = new Map<number, Promise<void>>();
  /** Pages that are looked at and not asked for yet, nearest first. */
  let waiting: number[] = [];
  let query: { run: number; filter: TupleFilterParams; sort: TupleSort } | undefined;
  let list = '';
  let generation = 0;

  const loaded = computed(() => pages.value.size > 0 || (ready.value && total.value === 0));

  async function open(run: number, filter: TupleFilterParams, sort: TupleSort): Promise<void> {
    const mine = ++generation;
    query = { run, filter, sort };
    ready.value = false;
    try {
      const opened = await request('tuples.open', query);
      if (mine !== generation) return;
      list = opened.list;
      asked.clear();
      pages.value = new Map();
      total.value = opened.total;
    } catch (error) {
      notices.error(error);
    } finally {
      if (mine === generation) ready.value = true;
    }
  }

  /** The engine keeps a few lists only, and none over its restart. */
  function isGone(error: unknown, from: string): boolean {
    return error instanceof CovisError && error.code === 'NOT_FOUND' && from === list && query !== undefined;
  }

  async function reopen(): Promise<void> {
    if (query !== undefined) await open(query.run, query.filter, query.sort);
  }

  function at(i: number): TupleInfo | undefined {
    const tuple = pages.value.get(Math.floor(i / PAGE))?.[i % PAGE];
    return tuple === undefined || query === undefined ? tuple : withJudgements(tuple, query.run, review.waiting);
  }

  function fetchPage(page: number): Promise<void> {
    if (page < 0 || page * PAGE >= total.value) return Promise.resolve();
    let going = asked.get(page);
    if (going === undefined) {
      going = load(page, list).finally(() => asked.delete(page));
      asked.set(page, going);
    }
    return going;
  }

  async function load(page: number, from: string): Promise<void> {
    try {
      const { tuples } = await request('tuples.page', { list: from, from: page * PAGE, limit: PAGE });
      if (from !== list) return;
      const next = new Map(pages.value);
      next.delete(page);
      next.set(page, tuples);
      for (const old of next.keys()) {
        if (next.size <= PAGES_KEPT) break;
        next.delete(old);
      }
      pages.value = next;
    } catch (error) {
      if (isGone(error, from)) await reopen();
      else notices.error(error);
    }
  }

  /** Rows of the list by their position, those far away too; they are not kept. */
  async function rowsAt(rows: readonly number[]): Promise<ReadonlyMap<number, TupleInfo>> {
    const found = new Map<number, TupleInfo>();
    const missing = new Set<number>();
    for (const i of rows) {
      const t = at(i);
      if (t === undefined) missing.add(Math.floor(i / MOST));
      else found.set(i, t);
    }
    const wanted = new Set(rows);
    for (const page of missing) {
      const { tuples } = await request('tuples.page', { list, from: page * MOST, limit: MOST });
      for (const [k, t] of tuples.entries()) if (wanted.has(page * MOST + k)) found.set(page * MOST + k, t);
    }
    return found;
  }

  /** Makes sure that rows are there, and those before and after them. */
  function want(first: number, last: number): void {
    const [from, to] = [Math.floor(first / PAGE), Math.floor(last / PAGE)];
    waiting = Array.from({ length: to - from + 1 }, (_, k) => from + k);
    waiting.push(to + 1, from - 1);
    proceed();
  }

  function proceed(): void {
    while (asked.size < AT_ONCE && waiting.length > 0) {
      const page = waiting.shift()!;
      if (!pages.value.has(page) && !asked.has(page)) void fetchPage(page).then(proceed);
    }
  }

  /** Reads again what is shown, in its place: after a decision. */
  async function refresh(rows: readonly number[]): Promise<void> {
    const wanted = [...new Set(rows.map((i) => Math.floor(i / PAGE)))];
    const kept = new Map([...pages.value].filter(([p]) => wanted.includes(p)));
    pages.value = kept;
    await Promise.all(wanted.map((p) => load(p, list)));
  }

  /** Position of a tuple of the run; -1 where the filter leaves it out, undefined where it could not be asked for, which a notice says. */
  async function find(index: number): Promise<number | undefined> {
    const from = list;
    try {
      return (await request('tuples.find', { list: from, index })).position;
    } catch (error) {
      if (!isGone(error, from)) {
        notices.error(error);
        return undefined;
      }
    }
    await reopen();
    // A list that cannot be opened again was said to be so.
    if (list === from) return undefined;
    try {
      return (await request('tuples.find', { list, index })).position;
    } catch (error) {
      notices.error(error);
      return undefined;
    }
  }

  return { total, ready, loaded, open, at, want, refresh, find, rowsAt, fetchPage, pageSize: PAGE };
}

export type TuplePages = ReturnType<typeof useTupleList>;
