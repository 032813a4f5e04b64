import { computed, type Ref } from 'vue';
import type { SearchHit, SetInfo, TrainingRunInfo } from '../../../shared/domain.ts';
import { useLatest } from '../../kit/latest.ts';
import { useLibrary } from '../../stores/library.ts';
import { request } from '../../transport/index.ts';

/** Results shown of each ranking. */
export const SHOWN = 8;
const QUERIES = 3;

export interface Ranked {
  readonly hits: readonly SearchHit[];
  /** How many of those shown match, and how many could be judged. */
  readonly right: number;
  readonly judged: number;
}

export interface Asked {
  readonly query: { readonly id: string; readonly name: string };
  readonly before: Ranked;
  readonly after: Ranked;
}

export interface Comparison {
  /** Pixels at which both networks described the photos. */
  readonly size: number | null;
  /** The network that described no photo at a size at which the other did; null where there is none. */
  readonly missing: { readonly network: string; readonly size: number } | null;
  readonly asked: readonly Asked[];
}

/** What of a ranking is shown, without the query itself. */
export function ranked(hits: readonly SearchHit[]): Ranked {
  const others = hits.filter((h) => h.relation !== 'query').slice(0, SHOWN);
  return {
    hits: others,
    right: others.filter((h) => h.relation === 'positive').length,
    judged: others.filter((h) => h.relation === 'positive' || h.relation === 'other').length,
  };
}

/** Sets of both networks at one size: that of the training where both have it, else the largest that both have. */
export function commonSets(
  sets: readonly SetInfo[],
  before: string,
  after: string,
  size: number,
): { readonly before: SetInfo; readonly after: SetInfo } | null {
  const of = (network: string): SetInfo[] => sets.filter((s) => !s.regional && s.network === network);
  const pairs = of(after).flatMap((a) => {
    const b = of(before).find((s) => s.size === a.size);
    return b === undefined ? [] : [{ before: b, after: a }];
  });
  pairs.sort(
    (x, y) =>
      Number(y.after.size === size) - Number(x.after.size === size) || (y.after.size ?? 0) - (x.after.size ?? 0),
  );
  return pairs[0] ?? null;
}

/** The same queries asked of the network that a run began with and of the one that it made. @param seed draws the queries. */
export function useBeforeAfter(run: Ref<TrainingRunInfo>, seed: Ref<number>) {
  const library = useLibrary();
  const id = computed(() =>
    run.value.result === null
      ? null
      : [
          run.value.network,
          run.value.result,
          run.value.parameters.size,
          seed.value,
          library.changed('descriptors'),
        ].join(' '),
  );
  const found = useLatest(
    id,
    async (question): Promise<Comparison> => {
      const [before, after, size, drawn] = question.split(' ') as [string, string, string, string];
      const sets = await request('sets.list', {});
      const both = commonSets(sets, before, after, Number(size));
      if (both === null) {
        const own = sets.find((s) => !s.regional && s.network === after && s.size !== null);
        return {
          size: null,
          missing: { network: own === undefined ? after : before, size: own?.size ?? Number(size) },
          asked: [],
        };
      }
      const photos = await request('photos.random', { count: 4 * QUERIES, seed: Number(drawn) });
      const queries = photos.filter((p) => p.clusters.length > 0 && p.gone !== true).slice(0, QUERIES);
      const ask = async (photo: string, { key, network }: SetInfo): Promise<Ranked> =>
        ranked((await request('search.run', { photo, set: key, network: network!, top: SHOWN + 1 })).hits);
      const asked = await Promise.all(
        queries.map(async (query) => ({
          query,
          before: await ask(query.id, both.before),
          after: await ask(query.id, both.after),
        })),
      );
      return { size: both.after.size, missing: null, asked };
    },
    { keep: true },
  );
  return found;
}
