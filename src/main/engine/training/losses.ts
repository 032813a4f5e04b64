/** Added to each coordinate of a difference before its norm, as the reference trainer does (methods.md 1.4). */
export const DIFFERENCE_EPSILON = 1e-6;

/** Which loss, its margin, and what it is multiplied with (methods.md 5.4: the manifold similarity of the positive). */
export interface LossOptions {
  readonly kind: 'contrastive' | 'triplet';
  readonly margin: number;
  readonly weight: number;
}

/** Loss of one tuple and its gradient with respect to each descriptor. */
export interface TupleLoss {
  readonly loss: number;
  readonly dQuery: Float32Array;
  readonly dPositive: Float32Array;
  readonly dNegatives: readonly Float32Array[];
  /** Distances of the negatives to the query. */
  readonly negativeDistances: readonly number[];
  /** Negatives that still teach: inside the margin. */
  readonly active: number;
}

/** The loss of a tuple by name, weighted. */
export function tupleLoss(
  query: Float32Array,
  positive: Float32Array,
  negatives: readonly Float32Array[],
  { kind, margin, weight }: LossOptions,
): TupleLoss {
  const loss = (kind === 'contrastive' ? contrastiveLoss : tripletLoss)(query, positive, negatives, margin);
  if (weight === 1) return loss;
  for (const d of [loss.dQuery, loss.dPositive, ...loss.dNegatives])
    for (let k = 0; k < d.length; k += 1) d[k]! *= weight;
  return { ...loss, loss: weight * loss.loss };
}

/**
 * Triplet loss of a tuple on squared distances, summed over its negatives (methods.md 1.4): Σ_n max(0, ‖q−p‖² − ‖q−n‖² + margin).
 */
export function tripletLoss(
  query: Float32Array,
  positive: Float32Array,
  negatives: readonly Float32Array[],
  margin: number,
): TupleLoss {
  const dim = query.length;
  const dQuery = new Float32Array(dim);
  const dPositive = new Float32Array(dim);
  const near = squaredDistance(query, positive);
  let loss = 0;
  let active = 0;
  const negativeDistances: number[] = [];
  const dNegatives = negatives.map((n) => {
    const d = new Float32Array(dim);
    const far = squaredDistance(query, n);
    negativeDistances.push(Math.sqrt(far));
    const hinge = near - far + margin;
    if (hinge <= 0) return d;
    loss += hinge;
    active += 1;
    for (let k = 0; k < dim; k += 1) {
      dQuery[k]! += 2 * (n[k]! - positive[k]!);
      dPositive[k]! -= 2 * (query[k]! - positive[k]!);
      d[k] = 2 * (query[k]! - n[k]!);
    }
    return d;
  });
  return { loss, dQuery, dPositive, dNegatives, negativeDistances, active };
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k += 1) sum += (a[k]! - b[k]!) ** 2;
  return sum;
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
  const active = negativeDistances.filter((d) => d < margin).length;
  return { loss, dQuery, dPositive, dNegatives, negativeDistances, active };
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
