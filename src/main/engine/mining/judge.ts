import type { JudgementParams } from '../../../shared/routes/review.ts';
import type { Library } from '../library/library.ts';
import { knownPhotos } from '../library/tables/photo.ts';
import { decide, judgements as judgementsOf } from './decisions.ts';
import { ofBothPlaces } from './doubts.ts';
import { separation } from './separation.ts';

/**
 * Decides as a person said, photos by content hash, as one action of the history. An answer that is meant for every pair of the same two
 * places is written for each of them.
 * @returns the action. @throws CovisError `NOT_FOUND` for a photo that the library does not have, as {@link decide}.
 */
export function judge(library: Library, label: string, judgements: readonly JudgementParams[]): number {
  const known = new Map<string, number>();
  const find = knownPhotos(library);
  const id = (hash: string): number => {
    let found = known.get(hash);
    if (found === undefined) known.set(hash, (found = find(hash)));
    return found;
  };
  const apart = judgements.some((j) => j.everyPair === true) ? separation(library, judgementsOf(library)) : undefined;
  const all = judgements.flatMap(({ everyPair, ...j }) => {
    const own = {
      ...j,
      query: id(j.query),
      other: id(j.other),
      replacement: j.replacement === undefined ? undefined : id(j.replacement),
    };
    return everyPair === true && apart !== undefined ? ofBothPlaces(library, apart, own) : [own];
  });
  const more = all.length - judgements.length;
  const also = ` and ${more} more ${more === 1 ? 'pair' : 'pairs'} of the same two places`;
  return decide(library, more === 0 ? label : `${label.slice(0, 200 - also.length)}${also}`, all);
}
