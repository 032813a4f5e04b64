import type { LocationQuery } from 'vue-router';
import type { RouteParams as Asked } from '../../../shared/routes/index.ts';
import { preferredNetwork } from '../../stores/library.ts';
import type { AskAhead } from '../../transport/index.ts';
import { setInUse } from '../common/set-in-use.ts';

/** A number of neighbours as an address says it. */
function count(asked: unknown): number | undefined {
  const n = Number(asked);
  return Number.isInteger(n) && n > 0 ? n : undefined;
}

/** The photo that stands in the middle; null where the address names none. */
export function middleOf({ photo }: LocationQuery): string | null {
  return typeof photo === 'string' ? photo : null;
}

/** What an address asks of a set; null where it names no photo. */
export function aroundQuestion(query: LocationQuery, set: string): Asked<'manifold.around'> | null {
  const photo = middleOf(query);
  if (photo === null) return null;
  const [k, positivesK, negativesK] = [count(query['k']), count(query['positives']), count(query['negatives'])];
  return {
    photo,
    set,
    ...(k === undefined ? {} : { k }),
    ...(positivesK === undefined ? {} : { positivesK }),
    ...(negativesK === undefined ? {} : { negativesK }),
  };
}

/** Asks what the view will of a photo that the address names. */
export async function manifoldAhead(ask: AskAhead, query: LocationQuery): Promise<unknown> {
  if (middleOf(query) === null) return undefined;
  const [info, sets] = await Promise.all([ask('library.current', {}), ask('sets.list', {})]);
  const set = setInUse(sets, preferredNetwork(info), query['set']);
  const question = set === undefined ? null : aroundQuestion(query, set);
  return question === null ? undefined : ask('manifold.around', question);
}
