/** A ranking of files against a ground truth, without a library. */
import { CovisError } from '../../../shared/errors.ts';
import type { JobParams, JobResult } from '../../../shared/jobs/index.ts';
import { readNpy } from '../formats/npy.ts';
import { readGroundTruth } from './ground-truth-files.ts';
import type { GroundTruth } from './ground-truth.ts';
import { checkRanks, measure, type Measurement, type Ranks } from './measure.ts';
import { pairedTest } from './statistics.ts';

/** Reads a ranking; one in the layout of revisitop, a column a query, is turned. */
function readRanks(file: string, truth: GroundTruth): Ranks {
  const { shape, data } = readNpy(file);
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2)
    throw new CovisError(
      'INPUT_INVALID',
      `Ranks are a matrix [queries, top]; this array has the shape (${shape.join(', ')})`,
      { file, hint: 'Save one row a query, the images in the order of their rank: a .npy of whole numbers.' },
    );
  const queries = truth.queries.length;
  if (rows === queries || columns !== queries) return { ids: data, queries: rows, top: columns };
  const ids = new Float64Array(data.length);
  for (let i = 0; i < rows; i += 1) for (let q = 0; q < columns; q += 1) ids[q * rows + i] = data[i * columns + q]!;
  return { ids, queries: columns, top: rows };
}

/**
 * Measures a ranking, and a second one beside it with a paired test of their queries (methods.md 0.8).
 * @throws CovisError `INPUT_*` naming the file that cannot be read or does not fit the ground truth.
 */
export function evaluateRanks(o: JobParams<'evaluate-ranks'>): JobResult<'evaluate-ranks'> {
  const truth = readGroundTruth((o.gnd ?? o.gndFolder)!, o.protocol, o.imlist);
  const rows = truth.images.length + o.distractors;
  const one = (file: string): Measurement => {
    const ranks = readRanks(file, truth);
    checkRanks(ranks, truth, rows);
    return measure(ranks, truth, o.protocol, o.ap);
  };
  const a = one(o.ranks);
  if (o.against === undefined) return a;
  const b = one(o.against);
  const paired = pairedTest(
    a.perQuery.map((s) => s.ap),
    b.perQuery.map((s) => s.ap),
  );
  return { ...a, against: b, paired };
}
