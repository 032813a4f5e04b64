import type { EvaluationResult } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { geometryGroundTruth, meanAveragePrecision } from '../evaluation/geometry-protocol.ts';
import { measurableSentence } from '../evaluation/library-geometry.ts';
import type { Library } from '../library/library.ts';
import type { Split } from '../mining/split.ts';
import type { DescriptorSet } from '../retrieval/extract.ts';
import { whiten } from '../retrieval/whitening.ts';
import { RELEVANT_SHARED } from '../sfm/covisibility.ts';
import { trainingWhitening } from './whitening-sample.ts';

/**
 * Measures descriptors under the geometry protocol, plain and with learned whitening.
 * @throws CovisError `STATE_EMPTY` when no photo has a relevant one, `STATE_CONFLICT` where another protocol can be measured.
 */
export function evaluateGeometry(library: Library, split: Split, descriptors: DescriptorSet): EvaluationResult {
  const truth = geometryGroundTruth(library, split);
  if (truth.queries.length === 0) {
    const { hint } = measurableSentence(library);
    throw new CovisError(
      hint === undefined ? 'STATE_EMPTY' : 'STATE_CONFLICT',
      `No photo of the held-out places shares ${RELEVANT_SHARED} points with another`,
      { hint: hint ?? 'Import larger models, or choose another --seed for the split.' },
    );
  }
  const map = meanAveragePrecision(truth, descriptors);
  const whitening = trainingWhitening(library, split, descriptors);
  let mapWhitened: number | null = null;
  if (whitening !== undefined) {
    const white = whiten({ data: descriptors.data, rows: descriptors.ids.length, dim: descriptors.dim }, whitening);
    mapWhitened = meanAveragePrecision(truth, { ids: descriptors.ids, data: white.data, dim: white.dim });
  }
  return { protocol: truth.name, queries: truth.queries.length, database: truth.database.length, map, mapWhitened };
}
