import type { Matrix } from '../retrieval/rank.ts';
import { minimise } from './lbfgs.ts';

/** A linear classifier: scores of an image are W·x + b, the largest wins. */
export interface Classifier {
  readonly classes: number;
  readonly dim: number;
  /** [dim + 1, classes], row-major; the last row is the bias. */
  readonly weights: Float64Array;
}

/** Where fits end: accuracies no longer change then, which ten times as many iterations were compared with. */
const TOLERANCE = 5e-4;
const ITERATIONS = 100;

/**
 * Multinomial logistic regression: mean cross entropy + ½ λ ‖W‖², the bias free (methods.md 3).
 * @param rows rows of `x` that are learned from, with `labels` of all rows.
 * @param start where to begin, for a path of λ.
 */
export function fitLogistic(
  x: Matrix,
  labels: ArrayLike<number>,
  rows: readonly number[],
  classes: number,
  lambda: number,
  start?: Classifier,
): Classifier {
  const { dim } = x;
  const size = (dim + 1) * classes;
  const probabilities = new Float64Array(classes);
  const objective = (w: Float64Array, gradient: Float64Array): number => {
    gradient.fill(0);
    let loss = 0;
    for (const r of rows) {
      scoresOf(x, r, w, classes, probabilities);
      let most = -Infinity;
      for (let c = 0; c < classes; c += 1) most = Math.max(most, probabilities[c]!);
      let sum = 0;
      for (let c = 0; c < classes; c += 1) {
        probabilities[c] = Math.exp(probabilities[c]! - most);
        sum += probabilities[c]!;
      }
      const label = labels[r]!;
      loss -= Math.log(probabilities[label]! / sum);
      for (let c = 0; c < classes; c += 1)
        probabilities[c] = (probabilities[c]! / sum - (c === label ? 1 : 0)) / rows.length;
      const from = r * dim;
      for (let d = 0; d < dim; d += 1) {
        const v = x.data[from + d]!;
        if (v === 0) continue;
        const at = d * classes;
        for (let c = 0; c < classes; c += 1) gradient[at + c]! += v * probabilities[c]!;
      }
      for (let c = 0; c < classes; c += 1) gradient[dim * classes + c]! += probabilities[c]!;
    }
    let norm = 0;
    for (let i = 0; i < dim * classes; i += 1) {
      norm += w[i]! * w[i]!;
      gradient[i]! += lambda * w[i]!;
    }
    return loss / rows.length + 0.5 * lambda * norm;
  };
  const { x: weights } = minimise(objective, start?.weights ?? new Float64Array(size), {
    tolerance: TOLERANCE,
    iterations: ITERATIONS,
  });
  return { classes, dim, weights };
}

function scoresOf(x: Matrix, row: number, w: Float64Array, classes: number, out: Float64Array): void {
  const { dim } = x;
  for (let c = 0; c < classes; c += 1) out[c] = w[dim * classes + c]!;
  const from = row * dim;
  for (let d = 0; d < dim; d += 1) {
    const v = x.data[from + d]!;
    if (v === 0) continue;
    const at = d * classes;
    for (let c = 0; c < classes; c += 1) out[c]! += v * w[at + c]!;
  }
}

/** The class of a row. */
export function classify(model: Classifier, x: Matrix, row: number): number {
  const scores = new Float64Array(model.classes);
  scoresOf(x, row, model.weights, model.classes, scores);
  return scores.indexOf(Math.max(...scores));
}

/** Share of rows whose class is found. */
export function accuracy(model: Classifier, x: Matrix, labels: ArrayLike<number>, rows: readonly number[]): number {
  return rows.filter((r) => classify(model, x, r) === labels[r]).length / rows.length;
}
