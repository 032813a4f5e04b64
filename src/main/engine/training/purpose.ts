/** What a training run is for: by which protocol its network must be better to become the default, and what it may learn from so that this can be told. */
import type { TrainingParameters } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { ADAPT_PROTOCOL_NAMES, type AdaptProtocol } from '../../../shared/facts/adapt-names.ts';
import { libraryGeometry, measurableSentence, refuseUnmeasurable } from '../evaluation/library-geometry.ts';
import { USUAL_PARTS } from '../evaluation/protocols.ts';
import type { Library } from '../library/library.ts';
import { toldPlaces } from '../mining/split.ts';
import { partOf } from './known-part.ts';

/** What a person asks for; new photos of known places where nothing is said. */
export interface Wanted {
  readonly protocol?: AdaptProtocol | undefined;
  readonly folds?: number | undefined;
}

export type Purpose = Pick<TrainingParameters, 'protocol' | 'folds' | 'learn'>;

/** Where something holds places out by itself, photos of the others are all learned from. */
function heldOutAlready(library: Library, pools: number | null): string | undefined {
  if (pools !== null) return 'pools are mined of all photos but those of the places that the seed holds out';
  if (toldPlaces(library).size > 0) return 'the list of pairs says itself which places are held out';
  return undefined;
}

/**
 * The purpose of a run with the part of the library that it may know. Without such a part it learns on the training places of its seed.
 * @param said is told what cannot be measured where nobody asked for a protocol.
 * @throws CovisError `STATE_EMPTY` or `STATE_CONFLICT` for a protocol that was asked for and cannot be measured, `INPUT_INVALID` for one that
 * cannot be held out.
 */
export function purposeOf(
  library: Library,
  wanted: Wanted,
  { pools, seed }: Pick<TrainingParameters, 'pools' | 'seed'>,
  said: (text: string) => void,
): Purpose {
  const { protocol, folds } = wanted;
  const held = heldOutAlready(library, pools);
  if (held !== undefined) {
    if (protocol !== undefined && protocol !== 'new-places')
      throw new CovisError('INPUT_INVALID', `${ADAPT_PROTOCOL_NAMES[protocol]} cannot be held out here: ${held}`, {
        hint: 'Leave --protocol out, or ask for new-places.',
      });
    if (folds !== undefined && folds > 1)
      throw new CovisError('INPUT_INVALID', `There is one fold here: ${held}`, { hint: 'Leave --folds out.' });
    return { protocol: 'new-places', folds: 1 };
  }
  const asked = protocol ?? 'new-photos';
  const { states } = measurableSentence(library);
  const { missing } = states.find((s) => s.protocol === asked)!;
  if (missing !== null) {
    if (protocol !== undefined || (folds ?? 1) > 1) refuseUnmeasurable(library, asked);
    said(
      `What training brings to ${ADAPT_PROTOCOL_NAMES[asked]} cannot be measured here, so that the default stays as it is. ${missing}`,
    );
    return { protocol: asked, folds: 1 };
  }
  const drawing = { protocol: asked, parts: USUAL_PARTS, seed };
  return {
    protocol: asked,
    // All photos are learned from, so that nothing is held out.
    folds: asked === 'own' ? 1 : (folds ?? 1),
    learn: partOf(libraryGeometry(library), drawing, asked === 'own' ? null : 0),
  };
}
