import { describe, expect, it } from 'vitest';
import { minimise, type Objective } from '../../../src/main/engine/domains/lbfgs.ts';
import { accuracy, classify, fitLogistic } from '../../../src/main/engine/domains/logistic.ts';
import { random } from '../../../src/main/engine/library/random.ts';

/** A strictly convex quadratic ½ xᵀ(MᵀM + I)x − bᵀx, its gradient, and how often it was asked. */
function bowl(
  n: number,
  seed: number,
): { f: Objective; gradientAt: (x: ArrayLike<number>) => number[]; asked: () => number } {
  const r = random(seed);
  const m = Array.from({ length: n }, () => Array.from({ length: n }, () => r.between(-1, 1)));
  const b = Array.from({ length: n }, () => r.between(-1, 1));
  const a = m.map((_, i) => m.map((__, j) => m.reduce((s, row) => s + row[i]! * row[j]!, i === j ? 1 : 0)));
  const gradientAt = (x: ArrayLike<number>): number[] =>
    a.map((row, i) => row.reduce((s, v, j) => s + v * x[j]!, -b[i]!));
  let count = 0;
  const f: Objective = (x, g) => {
    count += 1;
    gradientAt(x).forEach((v, i) => (g[i] = v));
    return a.reduce((s, row, i) => s + 0.5 * x[i]! * row.reduce((t, v, j) => t + v * x[j]!, 0) - b[i]! * x[i]!, 0);
  };
  return { f, gradientAt, asked: () => count };
}

describe('L-BFGS', () => {
  it('ends where the gradient is as small as was asked for, within some dozens of evaluations', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { f, gradientAt, asked } = bowl(12, seed);
      for (const tolerance of [1e-3, 1e-6]) {
        const before = asked();
        const { x, value, converged, iterations } = minimise(f, new Float64Array(12), { tolerance });
        expect(converged).toBe(true);
        expect(Math.max(...gradientAt(x).map(Math.abs))).toBeLessThanOrEqual(tolerance);
        expect(value).toBeCloseTo(f(x, new Float64Array(12)), 12);
        expect(iterations).toBeLessThan(45);
        // A step that is right at once is asked for once.
        expect(asked() - before).toBeLessThan(1.6 * iterations + 12);
      }
    }
  });

  it('takes as its first step one of unit length, or the gradient where that is shorter', () => {
    const steps: number[][] = [];
    const watch =
      (slope: number): Objective =>
      (x, g) => {
        steps.push([...x]);
        g[0] = slope + 1e-3 * x[0]!;
        g[1] = 0;
        return slope * x[0]! + 5e-4 * x[0]! ** 2;
      };
    minimise(watch(4), new Float64Array(2), { iterations: 1 });
    expect(steps[1]![0]).toBeCloseTo(-1, 12);
    steps.length = 0;
    minimise(watch(0.25), new Float64Array(2), { iterations: 1 });
    expect(steps[1]![0]).toBeCloseTo(-0.25, 12);
  });

  it('moves as the two loops of Nocedal say', () => {
    const { f, gradientAt } = bowl(5, 3);
    // Dense BFGS with the whole history and the same scaling gives the same points while nothing is forgotten.
    const run = (iterations: number): number[] => [...minimise(f, new Float64Array(5), { iterations, tolerance: 0 }).x];
    const [x0, x1, x2] = [run(0), run(1), run(2)] as [number[], number[], number[]];
    const [g0, g1] = [gradientAt(x0), gradientAt(x1)];
    const s = x1.map((v, i) => v - x0[i]!);
    const y = g1.map((v, i) => v - g0[i]!);
    const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((t, v, i) => t + v * b[i]!, 0);
    const rho = 1 / dot(y, s);
    const gamma = dot(s, y) / dot(y, y);
    // H g with H = (I − ρ s yᵀ) γ (I − ρ y sᵀ) + ρ s sᵀ.
    const q = g1.map((v, i) => v - rho * dot(s, g1) * y[i]!);
    const h = q.map((v, i) => gamma * v + s[i]! * (rho * dot(s, g1) - rho * gamma * dot(y, q)));
    const step = x2.map((v, i) => v - x1[i]!);
    const t = -dot(step, h) / dot(h, h);
    step.forEach((v, i) => expect(v).toBeCloseTo(-t * h[i]!, 9));
    // The full step is tried first; bisection halves it or doubles it.
    expect(Math.abs(Math.log2(t) - Math.round(Math.log2(t)))).toBeLessThan(1e-6);
  });

  it('ends at once at a minimum, and after as many iterations as it may', () => {
    const { f } = bowl(6, 4);
    const start = new Float64Array(6).fill(2);
    expect(minimise(f, start, { iterations: 3, tolerance: 0 }).iterations).toBe(3);
    expect(minimise(f, start, { iterations: 3, tolerance: 0 }).converged).toBe(false);
    const { x } = minimise(f, start, { tolerance: 1e-9 });
    const again = minimise(f, x, { tolerance: 1e-9 });
    expect([again.iterations, again.converged]).toEqual([0, true]);
    expect([...start]).toEqual([2, 2, 2, 2, 2, 2]);
  });

  it('remembers some pairs and finds the minimum with one as well', () => {
    const { f } = bowl(15, 5);
    const far = minimise(f, new Float64Array(15), { tolerance: 1e-7, memory: 12 });
    const near = minimise(f, new Float64Array(15), { tolerance: 1e-7, memory: 1 });
    expect(near.converged && far.converged).toBe(true);
    expect(near.iterations).toBeGreaterThan(far.iterations);
    near.x.forEach((v, i) => expect(v).toBeCloseTo(far.x[i]!, 6));
  });

  it('gives up where no step along the direction falls', () => {
    const wrong: Objective = (x, g) => {
      g[0] = -1;
      return x[0]!;
    };
    expect(minimise(wrong, Float64Array.of(0))).toMatchObject({ iterations: 0, converged: false, value: 0 });
    const none: Objective = (_, g) => {
      g[0] = Number.NaN;
      return Number.NaN;
    };
    expect(minimise(none, Float64Array.of(1)).iterations).toBe(0);
  });
});

describe('a linear classifier', () => {
  const r = random(9);
  const [rows, dim, classes] = [40, 4, 3];
  const data = Float32Array.from({ length: rows * dim }, (_, k) => (k % 7 === 0 ? 0 : r.between(-1, 1)));
  const x = { data, rows, dim };
  const labels = Array.from({ length: rows }, (_, i) => (data[i * dim]! + 0.5 * data[i * dim + 1]! > 0.2 ? 2 : i % 2));
  const used = Array.from({ length: rows }, (_, i) => i).filter((i) => i % 5 !== 0);
  const scores = (w: ArrayLike<number>, i: number): number[] =>
    [0, 1, 2].map((c) =>
      [0, 1, 2, 3].reduce((s, d) => s + data[i * dim + d]! * w[d * classes + c]!, w[dim * classes + c]!),
    );

  it('is where the derivative of mean cross entropy and half lambda times the squared weights is zero, the bias free', () => {
    for (const lambda of [1, 0.1, 0.01]) {
      const { weights } = fitLogistic(x, labels, used, classes, lambda);
      const loss = (w: ArrayLike<number>): number => {
        let sum = 0;
        for (const i of used) {
          const s = scores(w, i);
          sum += Math.log(s.reduce((t, v) => t + Math.exp(v), 0)) - s[labels[i]!]!;
        }
        let norm = 0;
        for (let k = 0; k < dim * classes; k += 1) norm += w[k]! ** 2;
        return sum / used.length + 0.5 * lambda * norm;
      };
      weights.forEach((v, k) => {
        const slope = (loss(weights.with(k, v + 1e-5)) - loss(weights.with(k, v - 1e-5))) / 2e-5;
        expect(Math.abs(slope)).toBeLessThan(6e-4);
      });
    }
  });

  it('gives the class of the highest score, and the share that it gets right', () => {
    const model = fitLogistic(x, labels, used, classes, 0.01);
    for (let i = 0; i < rows; i += 1) {
      const s = scores(model.weights, i);
      expect(classify(model, x, i)).toBe(s.indexOf(Math.max(...s)));
    }
    const right = used.filter((i) => classify(model, x, i) === labels[i]).length;
    expect(accuracy(model, x, labels, used)).toBe(right / used.length);
    expect(right / used.length).toBeGreaterThan(0.6);
  });

  it('is the same from any start, and sooner from near', () => {
    const cold = fitLogistic(x, labels, used, classes, 0.05);
    const warm = fitLogistic(x, labels, used, classes, 0.05, cold);
    cold.weights.forEach((v, k) => expect(Math.abs(v - warm.weights[k]!)).toBeLessThan(1e-9));
    const other = fitLogistic(x, labels, used, classes, 0.05, fitLogistic(x, labels, used, classes, 1));
    cold.weights.forEach((v, k) => expect(Math.abs(v - other.weights[k]!)).toBeLessThan(0.02));
  });
});
