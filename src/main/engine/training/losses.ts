/** Added to each coordinate of a difference before its norm, as the reference trainer does (methods.md 1.4). */
const DIFFERENCE_EPSILON = 1e-6;

/** Loss of one tuple and its gradient with respect to each descriptor. */
export interface TupleLoss {
  readonly loss: number;
  readonly dQuery: Float32Array;
  readonly dPositive: Float32Array;
  readonly dNegatives: readonly Float32Array[];
  /** Distances of the negatives to the query. */
  readonly negativeDistances: readonly number[];
}

/**
 * Contrastive loss of a tuple, summed over its pairs (methods.md 1.4):
 * ½ D(q,p)² + Σ_n ½ max(0, margin − D(q,n))², with D = ‖a − b + 1e-6‖.
 * @param margin τ; 0.7 for AlexNet-class networks, 0.75 VGG16, 0.85 ResNet101.
 */
export function contrastiveLoss(
  query: Float32Array,
  positive: Float32Array,
  negatives: readonly Float32Array[],
  margin: number,
): TupleLoss {
  const dim = query.length;
  const dQuery = new Float32Array(dim);
  const dPositive = new Float32Array(dim);
  let loss = 0.5 * pull(query, positive, dQuery, dPositive, () => 1) ** 2;
  const negativeDistances: number[] = [];
  const dNegatives = negatives.map((n) => {
    const d = new Float32Array(dim);
    const distance = pull(query, n, dQuery, d, (D) => (D > 0 && D < margin ? 1 - margin / D : 0));
    negativeDistances.push(distance);
    loss += 0.5 * Math.max(0, margin - distance) ** 2;
    return d;
  });
  return { loss, dQuery, dPositive, dNegatives, negativeDistances };
}

/** Adds (a − b + ε)·factor(D) to da and takes it from db; returns D = ‖a − b + ε‖. */
function pull(
  a: Float32Array,
  b: Float32Array,
  da: Float32Array,
  db: Float32Array,
  factor: (distance: number) => number,
): number {
  let sum = 0;
  for (let k = 0; k < a.length; k += 1) sum += (a[k]! - b[k]! + DIFFERENCE_EPSILON) ** 2;
  const distance = Math.sqrt(sum);
  const f = factor(distance);
  if (f !== 0) {
    for (let k = 0; k < a.length; k += 1) {
      const g = f * (a[k]! - b[k]! + DIFFERENCE_EPSILON);
      da[k]! += g;
      db[k]! -= g;
    }
  }
  return distance;
}
