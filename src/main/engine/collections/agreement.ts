import type { Agreement } from '../../../shared/facts/collections.ts';

/**
 * Agreement of two who judged which photos belong, as Cohen's kappa (Cohen 1960): (po - pe) / (1 - pe) over what both judged, with po the
 * share on which they agree and pe the share on which they would by chance, each with the share of yes that is theirs.
 */
export function agreementOf(one: ReadonlyMap<string, boolean>, other: ReadonlyMap<string, boolean>): Agreement {
  let both = 0;
  let agreed = 0;
  let yesOne = 0;
  let yesOther = 0;
  for (const [photo, a] of one) {
    const b = other.get(photo);
    if (b === undefined) continue;
    both += 1;
    if (a === b) agreed += 1;
    if (a) yesOne += 1;
    if (b) yesOther += 1;
  }
  if (both === 0) return { both, agreed, kappa: null };
  const chance = (yesOne * yesOther + (both - yesOne) * (both - yesOther)) / (both * both);
  return { both, agreed, kappa: chance === 1 ? null : (agreed / both - chance) / (1 - chance) };
}
