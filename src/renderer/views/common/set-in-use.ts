import type { NetworkInfo, SetInfo } from '../../../shared/domain.ts';

/** The key of the set that a view uses: that of its address, else that of the network in use, else any of whole photos. */
export function setInUse(sets: readonly SetInfo[], network: NetworkInfo | null, asked: unknown): string | undefined {
  if (typeof asked === 'string' && asked !== '') return asked;
  const usable = sets.filter((s) => !s.regional);
  return (usable.find((s) => s.network === network?.id) ?? usable[0])?.key;
}
