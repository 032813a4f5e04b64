import { percent, plural, score } from '../../kit/format.ts';
import type { Shown } from './shown.ts';

/** What a photo is to the query of its tuple. */
export const ROLE_TEXT: Readonly<Record<Shown['role'], string>> = {
  positive: 'Positive',
  alternative: 'Other positive',
  negative: 'Negative',
};

/** What is known of a photo beside its query, in one line. @param shared points that both see; null while that is not known. */
export function factsOf({ alternative: a, negative: n }: Shown, shared: number | null): string {
  const parts = [`similarity ${score(n?.similarity ?? a?.similarity ?? 0)}`];
  if (shared !== null) parts.push(plural(shared, 'shared point'));
  if (a !== undefined && a.overlap > 0) parts.push(`overlap ${percent(a.overlap)}`);
  if (a?.scale != null) parts.push(`scale change ${a.scale.toFixed(2)}`);
  if (a?.weight != null) parts.push(`manifold weight ${a.weight.toFixed(3)}`);
  return parts.join(', ');
}
