import { CovisError } from '../../../shared/errors.ts';
import { measurementRoutes } from '../../../shared/routes/measurements.ts';
import { listEvaluations } from '../evaluation/evaluations.ts';
import { listMeasurements, measurementDetail, pairMeasurements } from '../evaluation/library-measure.ts';
import { importTruthBytes, listTruths } from '../evaluation/truths.ts';
import { answers, changed } from './answers.ts';

export const measurements = answers(measurementRoutes, {
  'evaluations.list': (engine) => listEvaluations(engine.library),
  'truths.list': (engine) => listTruths(engine.library),
  'truths.add': (engine, { upload, name, protocol }) => {
    const bytes = engine.uploads.get(upload);
    if (bytes === undefined)
      throw new CovisError('NOT_FOUND', 'The file is no longer here', { hint: 'Drop it again.' });
    const truth = importTruthBytes(engine.library, bytes, name, protocol);
    changed(engine, 'truths');
    return truth;
  },
  'measurements.list': (engine) => listMeasurements(engine.library),
  'measurements.detail': (engine, { id }) => measurementDetail(engine.library, id),
  'measurements.paired': (engine, { a, b }) => pairMeasurements(engine.library, a, b),
});
