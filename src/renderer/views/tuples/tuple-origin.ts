import type { TupleInfo } from '../../../shared/domain.ts';
import type { Provenance } from '../../../shared/facts/collections.ts';

/** How a tuple came by one of its photos: its query, which part it takes, and how like the query it is for the network that mined it. */
export function ofTuple(t: TupleInfo, photo: string, network: string | null): Provenance {
  const negative = t.negatives.find((n) => n.photo === photo);
  const positive = photo === t.query ? undefined : t.alternatives.find((a) => a.photo === photo);
  const role = photo === t.query ? 'query' : negative === undefined ? 'positive' : 'negative';
  const score = negative?.similarity ?? positive?.similarity ?? (photo === t.positive ? t.positiveSimilarity : null);
  return { how: 'tuple', query: t.query, method: role, network, score, rank: negative?.rank ?? null };
}
