import type { LocationQuery, RouteParams } from 'vue-router';
import type { RouteParams as Asked } from '../../../shared/routes/index.ts';
import { preferredNetwork } from '../../stores/library.ts';
import type { AskAhead } from '../../transport/index.ts';
import { setInUse } from '../common/set-in-use.ts';

type Question = Asked<'exemplars.next'>;

/** How many photos are asked for at first. */
export const AT_FIRST = 20;

/** Which photos to judge next for a collection. */
export function teachQuestion(
  collection: string,
  { set, by = 'uncertainty', n = AT_FIRST, among }: Pick<Question, 'set' | 'by' | 'n' | 'among'>,
): Question {
  return { exemplars: { collection }, set, by, n, ...(among === undefined ? {} : { among }) };
}

/** Asks what the part that is taught by examples will, which takes a while of many photos. */
export async function teachAhead(ask: AskAhead, params: RouteParams, query: LocationQuery): Promise<unknown> {
  if (query['part'] !== 'teach') return undefined;
  const [info, sets, all] = await Promise.all([
    ask('library.current', {}),
    ask('sets.list', {}),
    ask('collections.list', {}),
  ]);
  const collection = all.find((c) => c.id === params['id']);
  const set = setInUse(sets, preferredNetwork(info), query['set']);
  if (collection === undefined || collection.items === 0 || set === undefined) return undefined;
  return ask('exemplars.next', teachQuestion(collection.name, { set }));
}
