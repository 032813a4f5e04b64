/** A smooth function: writes its gradient at x and returns its value. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

export interface MinimiseOptions {
  /** Ends when no entry of the gradient is larger. */
  readonly tolerance?: number;
  readonly iterations?: number;
  /** Pairs of steps and gradient changes that are remembered. */
  readonly memory?: number;
}

export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  readonly converged: boolean;
}

/** Sufficient decrease and curvature of the weak Wolfe conditions. */
const DECREASE = 1e-4;
const CURVATURE = 0.9;
const TRIALS = 40;

/**
 * Limited-memory BFGS (Nocedal 1980): two-loop recursion, step lengths by bisection until the weak Wolfe conditions hold (Lewis and
 * Overton 2013), which keeps every remembered pair's curvature positive. `start` is not changed.
 */
export function minimise(f: Objective, start: Float64Array, options: MinimiseOptions = {}): Minimum {
  const { tolerance = 1e-5, iterations: most = 500, memory = 10 } = options;
  let x = Float64Array.from(start);
  let gradient = new Float64Array(x.length);
  let value = f(x, gradient);
  const steps: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  let iteration = 0;
  for (; iteration < most && largest(gradient) > tolerance; iteration += 1) {
    const direction = descent(gradient, steps);
    const slope = dot(direction, gradient);
    if (!(slope < 0)) break;
    let low = 0;
    let high = Infinity;
    // Without curvature known, a first step of unit length.
    let t = steps.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    const next = new Float64Array(x.length);
    const nextGradient = new Float64Array(x.length);
    let nextValue = value;
    let found = false;
    for (let trial = 0; trial < TRIALS; trial += 1) {
      for (let i = 0; i < x.length; i += 1) next[i] = x[i]! + t * direction[i]!;
      nextValue = f(next, nextGradient);
      if (!(nextValue <= value + DECREASE * t * slope)) high = t;
      else if (dot(nextGradient, direction) < CURVATURE * slope) low = t;
      else {
        found = true;
        break;
      }
      t = high === Infinity ? 2 * low : (low + high) / 2;
    }
    // Rounding ends what the tolerance cannot.
    if (!found) break;
    const s = new Float64Array(x.length);
    const y = new Float64Array(x.length);
    for (let i = 0; i < x.length; i += 1) {
      s[i] = next[i]! - x[i]!;
      y[i] = nextGradient[i]! - gradient[i]!;
    }
    const curvature = dot(s, y);
    if (curvature > 0) {
      steps.push({ s, y, rho: 1 / curvature });
      if (steps.length > memory) steps.shift();
    }
    x = next;
    gradient = nextGradient;
    value = nextValue;
  }
  return { x, value, iterations: iteration, converged: largest(gradient) <= tolerance };
}

function descent(
  gradient: Float64Array,
  steps: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = Float64Array.from(gradient);
  const alphas: number[] = [];
  for (let k = steps.length - 1; k >= 0; k -= 1) {
    const { s, y, rho } = steps[k]!;
    const alpha = rho * dot(s, q);
    alphas[k] = alpha;
    for (let i = 0; i < q.length; i += 1) q[i]! -= alpha * y[i]!;
  }
  const last = steps.at(-1);
  if (last !== undefined) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < q.length; i += 1) q[i]! *= scale;
  }
  for (const [k, { s, y, rho }] of steps.entries()) {
    const beta = rho * dot(y, q);
    for (let i = 0; i < q.length; i += 1) q[i]! += (alphas[k]! - beta) * s[i]!;
  }
  for (let i = 0; i < q.length; i += 1) q[i] = -q[i]!;
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum;
}

function largest(a: Float64Array): number {
  let most = 0;
  for (const v of a) most = Math.max(most, Math.abs(v));
  return most;
}
