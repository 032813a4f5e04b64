/** Means over photos that asked, and how far they can be trusted: photos of one place are no independent witnesses, so places are resampled. */
import type { PlaceInterval } from '../../../shared/facts/adapt.ts';
import { random } from '../library/random.ts';
import { PLACES_FOR_INTERVAL } from './protocols.ts';

/** Of one photo that asked in one fold. */
export interface Witness {
  readonly value: number;
  readonly place: number;
  readonly fold: number;
  /** What it counts for beside others; 1 where it is left out. */
  readonly weight?: number | undefined;
}

const RESAMPLES = 2000;

/**
 * The weighted mean of all values, and the interval in which 95 % of resampled means lie: places are drawn with replacement, and of each drawn place its
 * folds with replacement. No interval of fewer than {@link PLACES_FOR_INTERVAL} places.
 */
export function overPlaces(values: readonly Witness[], seed = 0, resamples = RESAMPLES): PlaceInterval {
  const places = new Map<number, Map<number, { sum: number; count: number }>>();
  let [sum, all] = [0, 0];
  for (const { value, place, fold, weight = 1 } of values) {
    sum += weight * value;
    all += weight;
    let folds = places.get(place);
    if (folds === undefined) places.set(place, (folds = new Map()));
    const cell = folds.get(fold) ?? { sum: 0, count: 0 };
    folds.set(fold, { sum: cell.sum + weight * value, count: cell.count + weight });
  }
  const mean = sum / all;
  if (places.size < PLACES_FOR_INTERVAL) return { mean, low: null, high: null };
  const cells = [...places.values()].map((folds) => [...folds.values()]);
  const r = random(seed);
  const means = new Float64Array(resamples);
  for (let t = 0; t < resamples; t += 1) {
    let total = 0;
    let count = 0;
    for (let p = 0; p < cells.length; p += 1) {
      const folds = cells[r.below(cells.length)]!;
      for (let f = 0; f < folds.length; f += 1) {
        const cell = folds[r.below(folds.length)]!;
        total += cell.sum;
        count += cell.count;
      }
    }
    means[t] = total / count;
  }
  means.sort();
  const at = (q: number): number => means[Math.min(resamples - 1, Math.floor(q * resamples))]!;
  return { mean, low: at(0.025), high: at(0.975) };
}
