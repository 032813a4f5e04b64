import { PROTOCOLS, type Protocol } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { measureJob } from '../../../shared/jobs/measure.ts';
import { orList } from '../../../shared/schema.ts';
import { PROTOCOL_TEXT } from '../evaluation/ground-truth.ts';
import {
  GEOMETRY_PROTOCOLS,
  geometryBenchmark,
  measureLibrary,
  truthBenchmark,
  type Benchmark,
  type LibraryMeasurement,
} from '../evaluation/library-measure.ts';
import { measurableSentence } from '../evaluation/library-geometry.ts';
import { narrowed, noteSubset } from '../library/collection-subset.ts';
import type { Library } from '../library/library.ts';
import { rankingParameters } from '../retrieval/methods/parameters.ts';
import { Ranker } from '../retrieval/ranker.ts';
import type { LoadedSet } from '../retrieval/vector-sets.ts';
import { learnedOf } from '../training/known-part.ts';
import { askedSet } from './asked.ts';
import { work } from './work.ts';

/** What measuring a library under a protocol gives; for geometry also the other difficulties. */
export type MeasureReport = JobResult<'measure'>;

/** Says in the protocol where the network has learned from photos that ask: places are no new ones to it then. */
function benchmarkSaid(library: Library, set: LoadedSet, b: Benchmark): Benchmark {
  if (set.network === undefined) return b;
  const { photos } = learnedOf(library, set.network);
  const seen = b.photos.filter((p) => photos.has(p)).length;
  return seen === 0
    ? b
    : { ...b, text: `${b.text}; the network has learned from ${seen} of the ${b.photos.length} photos that ask` };
}

export const measureWork = work(measureJob, (library, p, task) =>
  narrowed(library, p.collection, async (): Promise<MeasureReport> => {
    const { method, protocol } = p;
    const set = await askedSet(library, p, task);
    const database = { vectors: set.vectors, owners: set.owners, images: set.ids.length };
    const parameters = rankingParameters(method, p.ranking, {
      regional: set.owners !== undefined,
      rows: set.vectors.rows,
    });
    const ranker = await Ranker.prepare(database, parameters, task);
    try {
      if (p.truth !== undefined) {
        const judged = PROTOCOLS.find((name): name is Protocol => name === protocol);
        if (judged === undefined)
          throw new CovisError('INPUT_INVALID', `The protocol is ${orList(PROTOCOLS)}, not "${protocol}"`);
        const b = truthBenchmark(library, set, p.truth, judged, PROTOCOL_TEXT[judged], task);
        return { ...(await measureLibrary(library, set, ranker, b, task)), ...noteSubset(library) };
      }
      if (!Object.hasOwn(GEOMETRY_PROTOCOLS, protocol))
        throw new CovisError('INPUT_INVALID', `The protocol ${protocol} needs a ground truth`, {
          hint: `From geometry alone: ${Object.keys(GEOMETRY_PROTOCOLS).join(', ')}.`,
        });
      const byDifficulty: Record<string, number> = {};
      let asked: LibraryMeasurement | undefined;
      for (const [name, difficulty] of Object.entries(GEOMETRY_PROTOCOLS)) {
        const b = benchmarkSaid(library, set, geometryBenchmark(library, set, name, p.seed ?? 0));
        try {
          const m = await measureLibrary(library, set, ranker, b, task);
          byDifficulty[difficulty] = m.map;
          if (name === protocol) asked = m;
        } catch (error) {
          // A library of dense models may have no hard positives; only what was asked for has to exist.
          if (!(error instanceof CovisError) || error.code !== 'STATE_EMPTY') throw error;
          if (name !== protocol) continue;
          const { hint } = measurableSentence(library);
          throw hint === undefined ? error : new CovisError('STATE_CONFLICT', error.message, { hint, cause: error });
        }
      }
      return { ...asked!, byDifficulty, ...noteSubset(library) };
    } finally {
      await ranker.close();
    }
  }),
);
