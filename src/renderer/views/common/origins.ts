import type { SearchAnswer, SearchHit } from '../../../shared/domain.ts';
import type { Provenance } from '../../../shared/facts/collections.ts';
import type { Origin } from '../../stores/selection.ts';

const NONE = { query: null, method: null, network: null, score: null, rank: null } as const;

/** How a list came by its photos, where it knows no more of each. */
export function from(how: Provenance['how'], more: Partial<Provenance> = {}): Origin {
  return () => ({ ...NONE, how, ...more });
}

/** The network that made a set of descriptors, whose name begins with its hash; null for sets that were imported. */
export function networkOf(set: string): string | null {
  return /^([0-9a-f]{16,64})-\d+$/.exec(set)?.[1] ?? null;
}

/** What a search found: with what was asked, by which method and network, and where each photo stands. */
export function found(how: 'search' | 'drawing', answer: SearchAnswer | null, query: string | null): Origin {
  const ranks = new Map<string, { hit: SearchHit; rank: number }>();
  return (photo) => {
    if (answer === null) return undefined;
    if (ranks.size === 0) for (const [i, hit] of answer.hits.entries()) ranks.set(hit.photo, { hit, rank: i + 1 });
    const at = ranks.get(photo);
    if (at === undefined) return undefined;
    const { method, set } = answer;
    return { how, query, method, network: networkOf(set), score: at.hit.score, rank: at.rank };
  };
}
