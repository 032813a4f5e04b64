import { COLUMNS, Workspace } from './kernels.ts';
import { affinity, breadthFirst, rearranged, type SparseGraph, type SparseVector } from './graph.ts';
import type { Eigenpairs } from './spectral.ts';

export type { SparseVector } from './graph.ts';

export interface SolverParameters {
  /** α of the diffusion, 0 < α < 1. */
  readonly alpha: number;
  readonly iterations: number;
  /** The residual's length over the right-hand side's at which iterating ends. */
  readonly tolerance: number;
}

/** The ways to solve (I − αS) f = y on the whole graph. */
export type SolverMethod = 'cg' | 'iterative' | 'jacobi' | 'hybrid';

/** Receives the scores of one query over all nodes; the array is reused for the next. */
export type ScoreSink = (query: number, scores: Float64Array) => void;

/**
 * Right-hand side of an unseen query (methods.md 4.3): similarities of the query's regions are summed over nodes among their
 * nearest, raised to γ, and the `kq` largest are kept. A global query is one region.
 * @param regions for each region its nearest nodes and cosines.
 */
export function queryVector(
  regions: readonly { readonly ids: ArrayLike<number>; readonly cosines: ArrayLike<number> }[],
  kq: number,
  gamma: number,
): SparseVector {
  const sum = new Map<number, number>();
  for (const r of regions)
    for (let j = 0; j < r.ids.length; j += 1) sum.set(r.ids[j]!, (sum.get(r.ids[j]!) ?? 0) + r.cosines[j]!);
  const kept = [...sum]
    .map(([id, s]) => ({ id, value: affinity(s, gamma) }))
    .filter((e) => e.value > 0)
    .sort((a, b) => b.value - a.value || a.id - b.id)
    .slice(0, kq);
  return { ids: kept.map((e) => e.id), values: kept.map((e) => e.value) };
}

/** Columns of a block. */
type Wide = 1 | typeof COLUMNS;

/**
 * The graph's matrix S and room for eight queries at a time, in memory that the SIMD kernels share.
 * Conjugate gradients, plain iteration and the hybrid all work here.
 */
export class DiffusionSolver {
  readonly nodes: number;
  readonly #w: Workspace;
  readonly #starts: number;
  readonly #columns: number;
  readonly #values: number;
  readonly #x: number;
  readonly #r: number;
  readonly #p: number;
  readonly #q: number;
  readonly #small: number;
  readonly #columnsOut: readonly Float64Array[];
  /** Where each node lies in the blocks: neighbours near each other, so that products stay in the processor's cache. */
  readonly #place: Uint32Array;
  #eigen: { readonly pairs: Eigenpairs; readonly u: number; readonly c: number } | undefined;

  private constructor(w: Workspace, s: SparseGraph) {
    this.nodes = s.nodes;
    this.#w = w;
    const order = breadthFirst(s);
    this.#place = new Uint32Array(s.nodes);
    order.forEach((node, i) => (this.#place[node] = i));
    const arranged = rearranged(s, order, this.#place);
    this.#starts = w.putIntegers(arranged.starts);
    this.#columns = w.putIntegers(arranged.columns);
    this.#values = w.putDoubles(arranged.values);
    this.#x = w.block(s.nodes);
    this.#r = w.block(s.nodes);
    this.#p = w.block(s.nodes);
    this.#q = w.block(s.nodes);
    this.#small = w.block(COLUMNS);
    this.#columnsOut = Array.from({ length: COLUMNS }, () => new Float64Array(s.nodes));
  }

  /** @param s normalised graph. @throws CovisError `INPUT_UNSUPPORTED` when it needs more than 4 GiB. */
  static async create(s: SparseGraph, module?: WebAssembly.Module): Promise<DiffusionSolver> {
    return new DiffusionSolver(await Workspace.create(module), s);
  }

  /** Any of the methods below, by name. */
  run(method: SolverMethod, queries: readonly SparseVector[], o: SolverParameters, sink: ScoreSink): void {
    if (method === 'cg') this.conjugateGradients(queries, o, sink);
    else if (method === 'hybrid') this.hybrid(queries, o, sink);
    else this.iterate(method, queries, o, sink);
  }

  /** Bytes that graph, vectors and eigenvectors take. */
  get bytes(): number {
    return this.#w.bytes;
  }

  /** Solves (I − αS) f = y by conjugate gradients from zero, for any number of right-hand sides (methods.md 4.2). */
  conjugateGradients(queries: readonly SparseVector[], o: SolverParameters, sink: ScoreSink): void {
    for (const { at, block, wide } of blocksOf(queries)) {
      this.#put(wide, this.#r, block);
      this.#solve(wide, o);
      this.#take(wide, this.#x, at, block.length, sink);
    }
  }

  /**
   * Fixed-point iteration (methods.md 4.2). `iterative`: f ← αS f + (1−α) y from y; `jacobi`: f ← αS f + y from zero, which is
   * Jacobi's method for (I − αS) f = y, because the diagonal of S is zero. Both rank alike at the limit.
   */
  iterate(kind: 'iterative' | 'jacobi', queries: readonly SparseVector[], o: SolverParameters, sink: ScoreSink): void {
    const weight = kind === 'iterative' ? 1 - o.alpha : 1;
    for (const { at, block, wide } of blocksOf(queries)) {
      this.#put(wide, this.#r, block);
      let [now, next] = [this.#x, this.#p];
      if (kind === 'iterative') this.#put(wide, now, block);
      else this.#column(wide, now).fill(0);
      for (let t = 0; t < o.iterations; t += 1) {
        this.#multiply(wide, 0, o.alpha, weight, now, this.#r, next);
        [now, next] = [next, now];
        if (o.tolerance > 0 && t % 8 === 7 && this.#change(wide, now, next) < o.tolerance) break;
      }
      this.#take(wide, now, at, block.length, sink);
    }
  }

  /**
   * Eigenpairs that {@link hybrid} removes from the system, kept in single precision. The rank of a query is then a choice up to their number.
   */
  useEigenpairs(pairs: Eigenpairs): void {
    if (this.#eigen?.pairs === pairs) return;
    const u = this.#w.allocate(pairs.vectors.length * 4);
    const placed = this.#w.floats(u, pairs.vectors.length);
    for (let i = 0; i < this.nodes; i += 1)
      placed.set(pairs.vectors.subarray(i * pairs.rank, (i + 1) * pairs.rank), this.#place[i]! * pairs.rank);
    this.#eigen = { pairs, u, c: this.#w.allocate(pairs.rank * COLUMNS * 8) };
  }

  /**
   * Hybrid diffusion (methods.md 4.7): f = (1−α)(I−αS)^{-1} y. The part of y in the span of the eigenvectors U is answered in
   * closed form, U h(Λ) Uᵀy with h(λ) = (1−α)/(1−αλ); the rest, y − U Uᵀy, by conjugate gradients, which converge fast because
   * S restricted to it lacks its large eigenvalues. S leaves that complement invariant, so that no product with U is needed
   * inside the iterations. With no eigenpairs this is {@link conjugateGradients} times (1−α).
   */
  hybrid(queries: readonly SparseVector[], o: SolverParameters, sink: ScoreSink): void {
    const eigen = this.#eigen;
    const rank = eigen?.pairs.rank ?? 0;
    for (const { at, block, wide } of blocksOf(queries)) {
      this.#put(wide, this.#r, block);
      if (eigen !== undefined && rank > 0) {
        const c = this.#w.doubles(eigen.c, rank * wide).fill(0);
        block.forEach((y, j) => {
          for (let e = 0; e < y.ids.length; e += 1) {
            const from = y.ids[e]! * rank;
            for (let k = 0; k < rank; k += 1) c[k * wide + j]! += y.values[e]! * eigen.pairs.vectors[from + k]!;
          }
        });
        this.#expand(wide, eigen.u, eigen.c, rank, -1, this.#r);
      }
      this.#solve(wide, o);
      if (eigen !== undefined && rank > 0) {
        // (1−α) is applied once at the end, so the spectral part is divided by it here.
        const c = this.#w.doubles(eigen.c, rank * wide);
        for (let k = 0; k < rank; k += 1) {
          const gain = 1 / (1 - o.alpha * eigen.pairs.values[k]!);
          for (let j = 0; j < wide; j += 1) c[k * wide + j]! *= gain;
        }
        this.#expand(wide, eigen.u, eigen.c, rank, 1, this.#x);
      }
      this.#take(wide, this.#x, at, block.length, sink, 1 - o.alpha);
    }
  }

  /** Y = a X + b S X + c Z on blocks of this solver, and the inner products of X's and Y's columns. */
  #multiply(wide: Wide, a: number, b: number, c: number, x: number, z: number, y: number): Float64Array {
    const { kernels } = this.#w;
    if (wide === 1) {
      return Float64Array.of(
        kernels.multiplyOne(this.nodes, this.#starts, this.#columns, this.#values, a, b, c, x, z, y),
      );
    }
    kernels.multiply(this.nodes, this.#starts, this.#columns, this.#values, a, b, c, x, z, y, this.#small);
    return this.#w.doubles(this.#small, COLUMNS).slice();
  }

  /** Y += scale U C. */
  #expand(wide: Wide, u: number, c: number, rank: number, scale: number, y: number): void {
    if (wide === 1) this.#w.kernels.expandOne32(this.nodes, rank, u, c, scale, y);
    else this.#w.kernels.expand32(this.nodes, rank, u, c, scale, y);
  }

  /** Conjugate gradients for the right-hand side that lies in R; the solution comes in X. */
  #solve(wide: Wide, { alpha, iterations, tolerance }: SolverParameters): void {
    const { kernels } = this.#w;
    const rows = this.#rows(wide);
    const small = this.#small;
    this.#column(wide, this.#x).fill(0);
    this.#column(wide, this.#q).fill(0);
    this.#column(wide, this.#p).set(this.#column(wide, this.#r));
    kernels.dots(rows, this.#r, this.#r, small);
    let rr = this.#sums(wide, small);
    const stop = rr.map((v) => v * tolerance * tolerance);
    for (let t = 0; t < iterations && rr.some((v, j) => v > stop[j]!); t += 1) {
      const pq = this.#multiply(wide, 1, -alpha, 0, this.#p, this.#p, this.#q);
      // A column that has converged, or that is empty, stands still.
      this.#weigh(rr.map((v, j) => (v > stop[j]! ? v / pq[j]! : 0)));
      kernels.advance(rows, small, this.#p, this.#q, this.#x, this.#r, small + 64);
      const next = this.#sums(wide, small + 64);
      this.#weigh(rr.map((v, j) => (v > 0 ? next[j]! / v : 0)));
      kernels.turn(rows, small, this.#r, this.#p);
      rr = next;
    }
  }

  /** Rows of eight doubles that a block has; a single column lies in them one after another, with zeros behind its end. */
  #rows(wide: Wide): number {
    return wide === 1 ? Math.ceil(this.nodes / COLUMNS) : this.nodes;
  }

  /** All numbers of a block, a single column's zeros included. */
  #column(wide: Wide, at: number): Float64Array {
    return this.#w.doubles(at, this.#rows(wide) * COLUMNS);
  }

  /** What a kernel summed by eight: a number for each column. */
  #sums(wide: Wide, at: number): Float64Array {
    const sums = this.#w.doubles(at, COLUMNS);
    return wide === 1 ? Float64Array.of(sums.reduce((a, b) => a + b, 0)) : sums.slice();
  }

  /** The kernels' factors, one for each column, into the small block. */
  #weigh(factors: Float64Array): void {
    const w = this.#w.doubles(this.#small, COLUMNS);
    for (let j = 0; j < COLUMNS; j += 1) w[j] = factors[j % factors.length]!;
  }

  #put(wide: Wide, at: number, block: readonly SparseVector[]): void {
    const out = this.#column(wide, at).fill(0);
    block.forEach((y, j) => {
      for (let e = 0; e < y.ids.length; e += 1) out[this.#place[y.ids[e]!]! * wide + j]! += y.values[e]!;
    });
  }

  /** Hands over the columns of a block, times `scale`, in the order of the nodes. */
  #take(wide: Wide, at: number, first: number, count: number, sink: ScoreSink, scale = 1): void {
    const block = this.#column(wide, at);
    const columns = this.#columnsOut.slice(0, count);
    // One pass over the rows, which lie scattered, rather than one for each column.
    for (let i = 0; i < this.nodes; i += 1) {
      const from = this.#place[i]! * wide;
      for (let j = 0; j < count; j += 1) columns[j]![i] = scale * block[from + j]!;
    }
    columns.forEach((c, j) => sink(first + j, c));
  }

  /** Largest relative change of a column between two iterates. */
  #change(wide: Wide, a: number, b: number): number {
    const x = this.#column(wide, a);
    const y = this.#column(wide, b);
    const difference = new Float64Array(wide);
    const size = new Float64Array(wide);
    for (let i = 0; i < this.nodes * wide; i += 1) {
      difference[i % wide]! += (x[i]! - y[i]!) ** 2;
      size[i % wide]! += x[i]! ** 2;
    }
    return Math.sqrt(Math.max(...difference.map((d, j) => (size[j]! > 0 ? d / size[j]! : 0))));
  }
}

/** Queries that are solved together: eight, or one alone, which would pay for seven empty columns. */
function* blocksOf(
  queries: readonly SparseVector[],
): Generator<{ readonly at: number; readonly block: readonly SparseVector[]; readonly wide: Wide }> {
  for (let at = 0; at < queries.length; at += COLUMNS) {
    const block = queries.slice(at, at + COLUMNS);
    yield { at, block, wide: block.length === 1 ? 1 : COLUMNS };
  }
}

/**
 * Conjugate gradients for one right-hand side on a small graph (truncated and offline diffusion), without shared memory.
 * @param s entries of S. @returns f with (I − αS) f = y.
 */
export function solveSmall(s: SparseGraph, y: SparseVector, o: SolverParameters): Float64Array {
  const n = s.nodes;
  const x = new Float64Array(n);
  const r = new Float64Array(n);
  for (let e = 0; e < y.ids.length; e += 1) r[y.ids[e]!]! += y.values[e]!;
  const p = r.slice();
  const q = new Float64Array(n);
  let rr = 0;
  for (let i = 0; i < n; i += 1) rr += r[i]! * r[i]!;
  const stop = rr * o.tolerance * o.tolerance;
  for (let t = 0; t < o.iterations && rr > stop; t += 1) {
    let pq = 0;
    for (let i = 0; i < n; i += 1) {
      let sum = 0;
      for (let e = s.starts[i]!; e < s.starts[i + 1]!; e += 1) sum += s.values[e]! * p[s.columns[e]!]!;
      q[i] = p[i]! - o.alpha * sum;
      pq += p[i]! * q[i]!;
    }
    const step = rr / pq;
    let next = 0;
    for (let i = 0; i < n; i += 1) {
      x[i]! += step * p[i]!;
      r[i]! -= step * q[i]!;
      next += r[i]! * r[i]!;
    }
    const turn = next / rr;
    for (let i = 0; i < n; i += 1) p[i] = r[i]! + turn * p[i]!;
    rr = next;
  }
  return x;
}
