import type { LocationQuery, RouteParams } from 'vue-router';
import type { MiningRunInfo, TupleSort } from '../../../shared/domain.ts';
import type { RouteParams as Asked } from '../../../shared/routes/index.ts';
import type { TupleFilterParams } from '../../../shared/routes/tuples.ts';
import type { AskAhead } from '../../transport/index.ts';

/** Tuples of a page. What is seen at first is one, and the one ahead of it may come before that is painted. */
export const PAGE = 50;
/** The order of a list where the address names none. */
export const FIRST_SORT: TupleSort = 'suspicion';

/** The run that an address names; the newest where it names none; null where the library has no such run. */
export function runOf(runs: readonly MiningRunInfo[], { run: asked = '' }: RouteParams): MiningRunInfo | null {
  return (asked === '' ? runs[0] : runs.find((r) => String(r.id) === asked)) ?? null;
}

/** The run that an address compares with; null where it names none that there is. */
export function comparedOf(runs: readonly MiningRunInfo[], { compare }: LocationQuery): MiningRunInfo | null {
  return runs.find((r) => String(r.id) === compare) ?? null;
}

export function filterOf({ filter }: LocationQuery): TupleFilterParams {
  try {
    return JSON.parse(String(filter ?? '{}')) as TupleFilterParams;
  } catch {
    return {};
  }
}

/** A row's number as an address says it. */
function numberOf(asked: unknown): number | undefined {
  const n = typeof asked === 'string' && /^\d{1,15}$/.test(asked) ? Number(asked) : 0;
  return n > 0 ? n : undefined;
}

/**
 * Asks what the view will: its runs, and of the one of the address what is compared with it, and the page of tuples that is seen. What there is
 * not is refused, and asked for by nobody.
 */
export async function tuplesAhead(ask: AskAhead, params: RouteParams, query: LocationQuery): Promise<unknown> {
  const runs = ask('tuples.runs', {});
  const run = numberOf(params['run']) ?? runOf(await runs, params)?.id;
  if (run === undefined) return runs;
  const other = numberOf(query['compare']);
  const compared = other === undefined ? undefined : ask('tuples.compare', { a: other, b: run });
  const sort = typeof query['sort'] === 'string' ? (query['sort'] as TupleSort) : FIRST_SORT;
  return Promise.all([
    runs,
    compared,
    pageAhead(ask, { run, filter: filterOf(query), sort }, numberOf(params['index'])),
  ]);
}

async function pageAhead(ask: AskAhead, of: Asked<'tuples.open'>, index = 0): Promise<unknown> {
  const { list, total } = await ask('tuples.open', of);
  const at = Math.min(index, total - 1);
  return at < 0 ? undefined : ask('tuples.page', { list, from: at - (at % PAGE), limit: PAGE });
}
