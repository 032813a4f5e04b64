import type { LossKind } from '../../../shared/domain.ts';

/** Added to each coordinate of a difference before its norm, as the reference trainer does (methods.md 1.4). */
export const DIFFERENCE_EPSILON = 1e-6;

/** Which loss, its margin, and what it is multiplied with (methods.md 5.4: the manifold similarity of the positive). */
export interface LossOptions {
  readonly kind: LossKind;
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
  const loss = LOSSES[kind](query, positive, negatives, margin);
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

/**
 * Batch-hard triplet loss (Hermans, Beyer, Leibe 2017) of a tuple as a batch: query and positive are each other's positive and both ask, each against
 * its nearest negative; ½ Σ_a max(0, D(a,p) − min_n D(a,n) + margin), with D = ‖a − b + 1e-6‖.
 */
export function batchHardLoss(
  query: Float32Array,
  positive: Float32Array,
  negatives: readonly Float32Array[],
  margin: number,
): TupleLoss {
  const gradients = zeros(query, positive, negatives);
  const { dQuery, dPositive, dNegatives } = gradients;
  const still = (a: Float32Array, b: Float32Array): number => pull(a, b, a, b, () => 0);
  const near = still(query, positive);
  const negativeDistances = negatives.map((n) => still(query, n));
  let loss = 0;
  for (const [a, p, da, dp] of [
    [query, positive, dQuery, dPositive],
    [positive, query, dPositive, dQuery],
  ] as const) {
    const far = negatives.map((n) => still(a, n));
    const nearest = far.indexOf(Math.min(...far));
    const hinge = still(a, p) - (far[nearest] ?? Number.POSITIVE_INFINITY) + margin;
    if (!(hinge > 0)) continue;
    loss += hinge / 2;
    pull(a, p, da, dp, (D) => (D > 0 ? 0.5 / D : 0));
    pull(a, negatives[nearest]!, da, dNegatives[nearest]!, (D) => (D > 0 ? -0.5 / D : 0));
  }
  const active = negativeDistances.filter((d) => near - d + margin > 0).length;
  return { loss, ...gradients, negativeDistances, active };
}

/** Numbers of the multi-similarity loss as published: sharpness of positives and of negatives, and what mining forgives. */
export const MULTI_SIMILARITY = { alpha: 2, beta: 50, epsilon: 0.1 } as const;

/**
 * Multi-similarity loss (Wang et al. 2019) of a tuple as a batch, on inner products s: query and positive are each other's positive and both ask.
 * A negative counts where s_n > s_p − ε, the positive where s_p < max s_n + ε;
 * ½ Σ_a [ln(1 + e^(−α(s_p − λ))) / α + ln(1 + Σ_n e^(β(s_n − λ))) / β].
 * @param base λ, the similarity at which pairs turn.
 */
export function multiSimilarityLoss(
  query: Float32Array,
  positive: Float32Array,
  negatives: readonly Float32Array[],
  base: number,
): TupleLoss {
  const { alpha, beta, epsilon } = MULTI_SIMILARITY;
  const gradients = zeros(query, positive, negatives);
  const { dQuery, dPositive, dNegatives } = gradients;
  let loss = 0;
  let active = 0;
  for (const [a, p, da, dp] of [
    [query, positive, dQuery, dPositive],
    [positive, query, dPositive, dQuery],
  ] as const) {
    const near = product(a, p);
    const far = negatives.map((n) => product(a, n));
    if (near < Math.max(...far) + epsilon) {
      const e = Math.exp(-alpha * (near - base));
      loss += Math.log1p(e) / alpha / 2;
      along(a, p, da, dp, -e / (1 + e) / 2);
    }
    const kept = far.flatMap((s, k) => (s > near - epsilon ? [k] : []));
    if (a === query) active = kept.length;
    const e = kept.map((k) => Math.exp(beta * (far[k]! - base)));
    const sum = e.reduce((x, y) => x + y, 0);
    loss += Math.log1p(sum) / beta / 2;
    kept.forEach((k, i) => along(a, negatives[k]!, da, dNegatives[k]!, e[i]! / (1 + sum) / 2));
  }
  const negativeDistances = negatives.map((n) => Math.sqrt(squaredDistance(query, n)));
  return { loss, ...gradients, negativeDistances, active };
}

const LOSSES: Readonly<Record<LossKind, typeof contrastiveLoss>> = {
  contrastive: contrastiveLoss,
  triplet: tripletLoss,
  'batch-hard': batchHardLoss,
  'multi-similarity': multiSimilarityLoss,
};

function zeros(
  query: Float32Array,
  positive: Float32Array,
  negatives: readonly Float32Array[],
): { dQuery: Float32Array; dPositive: Float32Array; dNegatives: Float32Array[] } {
  return {
    dQuery: new Float32Array(query.length),
    dPositive: new Float32Array(positive.length),
    dNegatives: negatives.map((n) => new Float32Array(n.length)),
  };
}

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k += 1) sum += a[k]! * b[k]!;
  return sum;
}

/** Adds the gradient of `by` times the inner product. */
function along(a: Float32Array, b: Float32Array, da: Float32Array, db: Float32Array, by: number): void {
  for (let k = 0; k < a.length; k += 1) {
    da[k]! += by * b[k]!;
    db[k]! += by * a[k]!;
  }
}
