import type { TrainingRunInfo } from '../../../shared/domain.ts';
import type { KitSeries } from '../../kit/types.ts';

type Measure = 'loss' | 'map' | 'negativeDistance';
type Points = readonly (readonly [number, number])[];
const COLOURS: Readonly<Record<Measure, string>> = { loss: 'accent', map: 'positive', negativeDistance: 'negative' };
/** Dashes of the runs that lie over the one shown; with the colours, no two are alike. */
const DASHES = ['5 4', '2 3', '10 3', '8 3 2 3', '14 4'] as const;
/** So many runs can be told apart over the one that is shown. */
export const MOST_OVERLAID = DASHES.length;

/** Colour token and dashes of a run that lies over the one shown, by its place among them. */
export function lookOf(place: number): { readonly colour: string; readonly dashes: string } {
  const i = place % MOST_OVERLAID;
  return { colour: `series-${i + 1}`, dashes: DASHES[i]! };
}

/** What a run's epochs say of a measure. mAP is of a hundred, as everywhere, and begins before training. */
function pointsOf(run: TrainingRunInfo, measure: Measure): Points {
  const scale = measure === 'map' ? 100 : 1;
  const points = run.epochs.flatMap((e) => {
    const v = e[measure];
    return v === null ? [] : [[e.epoch, scale * v] as const];
  });
  return measure === 'map' && run.mapBefore !== null ? [[0, scale * run.mapBefore], ...points] : points;
}

/**
 * The curve of a run, with those of others, dashed, to compare it with.
 * @param within its loss within epochs, as far as it was seen.
 */
export function seriesOf(
  run: TrainingRunInfo,
  others: readonly TrainingRunInfo[],
  measure: Measure,
  within: Points = [],
): KitSeries[] {
  const own = { name: `run ${run.id}`, colour: COLOURS[measure], points: pointsOf(run, measure) };
  const live =
    measure === 'loss' && within.length > 0
      ? [{ name: `run ${run.id}, since its epoch began`, colour: 'quiet', thin: true, points: within }]
      : [];
  return [
    own,
    ...live,
    ...others.map((o, i) => ({ name: `run ${o.id}`, ...lookOf(i), dashed: true, points: pointsOf(o, measure) })),
  ];
}
