import type { TrainingRunInfo } from '../../../shared/domain.ts';
import type { KitSeries } from '../../kit/types.ts';

type Measure = 'loss' | 'map' | 'negativeDistance';
const COLOURS: Readonly<Record<Measure, string>> = { loss: 'accent', map: 'positive', negativeDistance: 'negative' };

/** What a run's epochs say of a measure. mAP is of a hundred, as everywhere, and begins before training. */
function pointsOf(run: TrainingRunInfo, measure: Measure): (readonly [number, number])[] {
  const scale = measure === 'map' ? 100 : 1;
  const points = run.epochs.flatMap((e) => {
    const v = e[measure];
    return v === null ? [] : [[e.epoch, scale * v] as const];
  });
  return measure === 'map' && run.mapBefore !== null ? [[0, scale * run.mapBefore], ...points] : points;
}

/** The curve of a run, and under it, dashed, that of another to compare it with. */
export function seriesOf(run: TrainingRunInfo, other: TrainingRunInfo | null, measure: Measure): KitSeries[] {
  const own = { name: `run ${run.id}`, colour: COLOURS[measure], points: pointsOf(run, measure) };
  if (other === null) return [own];
  return [own, { name: `run ${other.id}`, colour: 'quiet', dashed: true, points: pointsOf(other, measure) }];
}
