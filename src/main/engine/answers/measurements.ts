import { CovisError } from '../../../shared/errors.ts';
import { measurementRoutes } from '../../../shared/routes/measurements.ts';
import { listEvaluations } from '../evaluation/evaluations.ts';
import { listMeasurements, openedMeasurement, pairMeasurements } from '../evaluation/library-measure.ts';
import { measuredQueries } from '../evaluation/measured-queries.ts';
import { importTruth, importTruthBytes, listTruths } from '../evaluation/truths.ts';
import { refuseWriting } from '../library/read-only.ts';
import { answers, changed, type EngineContext } from './answers.ts';

/** A file that a page sent. @throws CovisError `NOT_FOUND` for one that made room for newer ones. */
function uploaded(engine: EngineContext, id: string): Uint8Array {
  const bytes = engine.uploads.get(id);
  if (bytes === undefined)
    throw new CovisError('NOT_FOUND', 'The file is no longer here', { hint: 'Choose it again.' });
  return bytes;
}

export const measurements = answers(measurementRoutes, {
  'evaluations.list': (engine) => listEvaluations(engine.library),
  'truths.list': (engine) => listTruths(engine.library),
  'truths.add': (engine, { upload, name, protocol, imlist }) => {
    const list = imlist === undefined ? undefined : uploaded(engine, imlist);
    const truth = importTruthBytes(engine.library, uploaded(engine, upload), name, protocol, list);
    changed(engine, 'truths');
    return truth;
  },
  'truths.take': (engine, { chosen, protocol, imlist }) => {
    refuseWriting(engine.library);
    const { places } = engine.desk;
    const list = imlist === undefined ? undefined : places.pathOf(imlist);
    const truth = importTruth(engine.library, places.pathOf(chosen), protocol, list);
    changed(engine, 'truths');
    return truth;
  },
  'measurements.list': (engine) => listMeasurements(engine.library),
  'measurements.detail': (engine, { id }) => openedMeasurement(engine.library, id),
  'measurements.queries': (engine, asked) => measuredQueries(engine.library, asked),
  'measurements.paired': (engine, { a, b }) => pairMeasurements(engine.library, a, b),
});
