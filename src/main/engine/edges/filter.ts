/** The edge filter y = gain · x^exponent / (1 + exp(−slope · (x − threshold))) (methods.md 2.2; ECCV 2018, EdgeMAC). */
export interface EdgeFilter {
  readonly gain: number;
  readonly exponent: number;
  readonly slope: number;
  readonly threshold: number;
}

/** Before training. Gain and slope stay, exponent and threshold are learned. */
export const INITIAL_FILTER: EdgeFilter = { gain: 10, exponent: 0.5, slope: 500, threshold: 0.1 };

/** The learned threshold never falls below this. */
export const LEAST_THRESHOLD = 0.01;

/** Filtered strength of one pixel, 0 for x = 0. */
export function filterEdge(x: number, f: EdgeFilter): number {
  return x <= 0 ? 0 : (f.gain * x ** f.exponent) / (1 + Math.exp(-f.slope * (x - f.threshold)));
}

/** ∂y/∂exponent and ∂y/∂threshold at x, both 0 for x = 0; no overflow for small x. */
export function filterDerivatives(x: number, f: EdgeFilter): { exponent: number; threshold: number } {
  if (x <= 0) return { exponent: 0, threshold: 0 };
  const pass = 1 / (1 + Math.exp(-f.slope * (x - f.threshold)));
  const y = f.gain * x ** f.exponent * pass;
  // e / (1 + e)² = pass · (1 − pass), which cannot overflow.
  return { exponent: y * Math.log(x), threshold: -f.slope * f.gain * x ** f.exponent * pass * (1 - pass) };
}
