import type { TruthNames } from '../../../shared/domain.ts';
import { ambiguousNames } from '../../engine/library/library-names.ts';
import { firstFew } from '../../engine/library/name-lists.ts';

/** The names' part of a report. */
export function namesOf({ bound, missing, ambiguous }: TruthNames): TruthNames {
  return { bound, missing, ambiguous };
}

/** What of the names of a file was not bound to a photo; nothing where all were. @param what the names are of, in the plural. */
export function namesLines({ bound, missing, ambiguous }: TruthNames, what: string): string[] {
  const total = bound + missing.length + ambiguous.length;
  return [
    ...(missing.length === 0
      ? []
      : [`${missing.length} of ${total} ${what} are no photos of this library: ${firstFew(missing)}`]),
    ...(ambiguous.length === 0
      ? []
      : [
          `${ambiguous.length} of ${total} ${what} may mean several photos, and none was taken: ${firstFew(ambiguousNames(ambiguous))}`,
        ]),
  ];
}
