/**
 * What the loss is multiplied by where maps are in half precision, so that small gradients are not rounded to nothing: as large as it may be
 * (Micikevicius et al., Mixed Precision Training, ICLR 2018). All of them are powers of two, which round nothing.
 */
import { CovisError } from '../../../shared/errors.ts';

export interface LossScale {
  readonly scale: number;
  /** Steps in a row whose gradients were finite. */
  readonly good: number;
  /** Steps that were left out since the run began. */
  readonly skipped: number;
}

export const FIRST_SCALE: LossScale = { scale: 2 ** 10, good: 0, skipped: 0 };
/** Steps after which it is tried whether twice as much goes, too. */
export const DOUBLED_AFTER = 200;
const MOST = 2 ** 24;
const LEAST = 2 ** -10;

/**
 * The scale of the next step. @param finite whether the gradients of this one were.
 * @throws CovisError `INPUT_UNSUPPORTED` where even the least leaves them without end: then it is not the scale.
 */
export function nextScale({ scale, good, skipped }: LossScale, finite: boolean): LossScale {
  if (!finite) {
    if (scale <= LEAST)
      throw new CovisError('INPUT_UNSUPPORTED', 'The gradients of this network are not finite in half precision', {
        hint: 'Train it with --precision single.',
      });
    return { scale: scale / 2, good: 0, skipped: skipped + 1 };
  }
  if (good + 1 < DOUBLED_AFTER) return { scale, good: good + 1, skipped };
  return { scale: Math.min(MOST, scale * 2), good: 0, skipped };
}

/** What came of it, in words. */
export function scaleInWords({ scale, skipped }: Pick<LossScale, 'scale' | 'skipped'>, steps: number): string {
  const left = skipped === 0 ? 'no step' : `${skipped} of ${steps} steps`;
  return `Half precision: the loss times ${scale} in the end, ${left} left out for gradients that were not finite`;
}
