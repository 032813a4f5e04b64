import { CholeskyDecomposition, EigenvalueDecomposition, inverse, Matrix as Dense } from 'ml-matrix';
import type { TaskContext } from '../queue/context.ts';
import { random } from '../library/random.ts';
import { components, subgraph, type SparseGraph, type SparseVector } from './graph.ts';
import { COLUMNS, Workspace } from './kernels.ts';
import { Nearing } from './nearing.ts';
import type { Matrix } from './rank.ts';

/** Leading eigenpairs of S, largest algebraic value first. */
export interface Eigenpairs {
  readonly nodes: number;
  readonly rank: number;
  readonly values: Float64Array;
  /** [nodes, rank] row-major, orthonormal columns. */
  readonly vectors: Float64Array;
  /** Largest ‖S u − λ u‖ over the pairs. */
  readonly residual: number;
}

/** Components up to this size are decomposed whole by a dense solver. */
const DENSE = 320;
const GUARD = 24;
const MAX_ROUNDS = 24;

/** h_α(λ) = (1−α)/(1−αλ), the diffusion as a function of S (methods.md 4.6). */
export function transfer(lambda: number, alpha: number): number {
  return (1 - alpha) / (1 - alpha * lambda);
}

/**
 * The `rank` largest algebraic eigenpairs of S, found per connected component (methods.md 4.6): small components by a dense
 * solver, large ones by subspace iteration with a Chebyshev filter that damps [−1, cut]. Where many values are equal, pairs of
 * larger components come first. Isolated nodes have none.
 * @param s normalised graph: its eigenvalues lie in [−1, 1]. @throws CovisError `CANCELLED`, `INPUT_UNSUPPORTED` above 4 GiB.
 */
export async function leadingEigenpairs(
  s: SparseGraph,
  rank: number,
  task?: TaskContext,
  tolerance = 1e-7,
): Promise<Eigenpairs> {
  const parts = components(s).filter((c) => c.length > 1);
  const connected = parts.reduce((n, c) => n + c.length, 0);
  const position = new Int32Array(s.nodes).fill(-1);
  const solved: (Eigenpairs | undefined)[] = parts.map(() => undefined);
  // A component is first asked for its share and some more; one whose last value is still among the leading is asked again.
  const wanted = parts.map((c) => Math.min(c.length, rank, Math.ceil((1.5 * rank * c.length) / connected) + 8));
  let found: { readonly value: number; readonly component: number; readonly k: number }[] = [];
  task?.step('Finding eigenvectors', connected, 'descriptors');
  /** Descriptors in components that are solved. */
  const done = (): number => parts.reduce((n, c, i) => (solved[i] === undefined ? n : n + c.length), 0);
  for (let open = parts.map((_, i) => i); open.length > 0;) {
    for (const i of open) {
      task?.check();
      const nodes = parts[i]!;
      const part = subgraph(s, nodes, position);
      solved[i] =
        nodes.length <= DENSE || wanted[i]! > nodes.length / 2
          ? dense(part, wanted[i]!)
          : await chebyshev(
              part,
              wanted[i]!,
              tolerance,
              lookedAt(task, solved[i] === undefined ? done() : undefined, nodes.length),
            );
      task?.progress(done());
    }
    found = leading(solved as Eigenpairs[], rank);
    const least = found.at(-1)?.value ?? -1;
    open = parts.flatMap((c, i) => {
      const last = solved[i]!.values.at(-1)!;
      return solved[i]!.rank < Math.min(c.length, rank) && (last > least || found.length < rank) ? [i] : [];
    });
    for (const i of open) wanted[i] = Math.min(parts[i]!.length, rank, 2 * wanted[i]!);
  }
  const residual = Math.max(0, ...solved.map((e) => e!.residual));
  const kept = found.length;
  const vectors = new Float64Array(s.nodes * kept);
  found.forEach((f, column) => {
    const nodes = parts[f.component]!;
    const e = solved[f.component]!;
    for (let i = 0; i < nodes.length; i += 1) vectors[nodes[i]! * kept + column] = e.vectors[i * e.rank + f.k]!;
  });
  return { nodes: s.nodes, rank: kept, values: Float64Array.from(found, (f) => f.value), vectors, residual };
}

/** What a component's rounds call on their way, with the part of it that is done. @throws CovisError `CANCELLED`. */
type Look = (part: number) => void;

/** @param before descriptors of components that are done; undefined where this one counts among them already. */
function lookedAt(task: TaskContext | undefined, before: number | undefined, nodes: number): Look {
  return (part) => {
    task?.check();
    if (before !== undefined) task?.progress(before + Math.floor(part * nodes));
  };
}

/** Values that differ by rounding alone have one grade. */
function grade(value: number): number {
  return Math.round(value * 1e9);
}

/** The `rank` largest values over all components; equal up to rounding, those of larger components first. */
function leading(
  solved: readonly Eigenpairs[],
  rank: number,
): { readonly value: number; readonly component: number; readonly k: number }[] {
  return solved
    .flatMap((e, component) => Array.from(e.values, (value, k) => ({ value, component, k })))
    .sort((a, b) => grade(b.value) - grade(a.value) || a.component - b.component)
    .slice(0, rank);
}

/** The first `rank` of more pairs. */
export function truncateEigenpairs(e: Eigenpairs, rank: number): Eigenpairs {
  if (rank >= e.rank) return e;
  const vectors = new Float64Array(e.nodes * rank);
  for (let i = 0; i < e.nodes; i += 1) vectors.set(e.vectors.subarray(i * e.rank, i * e.rank + rank), i * rank);
  return { ...e, rank, values: e.values.slice(0, rank), vectors };
}

function dense(s: SparseGraph, wanted: number): Eigenpairs {
  const m = Dense.zeros(s.nodes, s.nodes);
  for (let i = 0; i < s.nodes; i += 1)
    for (let e = s.starts[i]!; e < s.starts[i + 1]!; e += 1) m.set(i, s.columns[e]!, s.values[e]!);
  const { values, vectors } = symmetricEigen(m);
  const kept = new Float64Array(s.nodes * wanted);
  for (let i = 0; i < s.nodes; i += 1) for (let k = 0; k < wanted; k += 1) kept[i * wanted + k] = vectors.get(i, k);
  const first = values.slice(0, wanted);
  return { nodes: s.nodes, rank: wanted, values: first, vectors: kept, residual: residualOf(s, first, kept) };
}

/** Largest ‖S u − λ u‖ over the pairs. */
function residualOf(s: SparseGraph, values: Float64Array, vectors: Float64Array): number {
  const rank = values.length;
  const squares = new Float64Array(rank);
  const product = new Float64Array(rank);
  for (let i = 0; i < s.nodes; i += 1) {
    product.fill(0);
    for (let e = s.starts[i]!; e < s.starts[i + 1]!; e += 1)
      for (let k = 0, at = s.columns[e]! * rank; k < rank; k += 1) product[k]! += s.values[e]! * vectors[at + k]!;
    for (let k = 0; k < rank; k += 1) squares[k]! += (product[k]! - values[k]! * vectors[i * rank + k]!) ** 2;
  }
  return Math.sqrt(Math.max(0, ...squares));
}

/** Eigenvalues in decreasing order, vectors as columns. */
function symmetricEigen(m: Dense): { values: Float64Array; vectors: Dense } {
  const eigen = new EigenvalueDecomposition(m, { assumeSymmetric: true });
  const order = eigen.realEigenvalues
    .map((_, i) => i)
    .sort((a, b) => eigen.realEigenvalues[b]! - eigen.realEigenvalues[a]!);
  return {
    values: Float64Array.from(order, (i) => eigen.realEigenvalues[i]!),
    vectors: eigen.eigenvectorMatrix.subMatrixColumn(order),
  };
}

/** Of a round the filter takes about so much, each of four products of blocks an equal part of the rest. */
const FILTER_SHARE = 0.5;
const PRODUCT_SHARE = (1 - FILTER_SHARE) / 4;

/** Chebyshev-filtered subspace iteration on one component. */
async function chebyshev(s: SparseGraph, wanted: number, tolerance: number, look: Look): Promise<Eigenpairs> {
  const n = s.nodes;
  const blocks = Math.min(Math.floor(n / COLUMNS), Math.ceil((wanted + GUARD + 0.1 * wanted) / COLUMNS));
  const m = blocks * COLUMNS;
  const w = await Workspace.create();
  const { kernels } = w;
  const starts = w.putIntegers(s.starts);
  const columns = w.putIntegers(s.columns);
  const values = w.putDoubles(s.values);
  let x = Array.from({ length: blocks }, () => w.block(n));
  let y = Array.from({ length: blocks }, () => w.block(n));
  const spare = w.block(n);
  const small = w.block(COLUMNS);
  const multiply = (a: number, b: number, c: number, from: number, z: number, to: number): void =>
    kernels.multiply(n, starts, columns, values, a, b, c, from, z, to, small);
  const draw = random(1);
  for (const at of x) {
    const block = w.doubles(at, n * COLUMNS);
    for (let i = 0; i < block.length; i += 1) block[i] = draw.next() - 0.5;
  }

  /** Damps what lies in [−1, cut] against the value 1. */
  const filter = (at: number, degree: number, cut: number): void => {
    const e = (cut + 1) / 2;
    const c = (cut - 1) / 2;
    let sigma = e / (1 - c);
    const tau = 2 / sigma;
    let [older, newer] = [at, spare];
    multiply((-c * sigma) / e, sigma / e, 0, older, older, newer);
    for (let d = 2; d <= degree; d += 1) {
      const next = 1 / (tau - sigma);
      multiply((-2 * c * next) / e, (2 * next) / e, -sigma * next, newer, older, older);
      [older, newer] = [newer, older];
      sigma = next;
    }
    if (newer !== at) w.doubles(at, n * COLUMNS).set(w.doubles(newer, n * COLUMNS));
    kernels.dots(n, at, at, small);
    const scale = w.doubles(small, COLUMNS).map((v) => (v > 0 ? 1 / Math.sqrt(v) : 0));
    const block = w.doubles(at, n * COLUMNS);
    for (let i = 0; i < block.length; i += 1) block[i]! *= scale[i % COLUMNS]!;
  };
  const nearing = new Nearing(tolerance);
  let share = 0;
  /** Goes through blocks that together take a part of the round. */
  const each = (of: readonly number[], takes: number, what: (at: number, j: number) => void): void => {
    of.forEach((at, j) => {
      look(nearing.at(share));
      what(at, j);
      share += takes / of.length;
    });
  };
  const grams = (left: readonly number[], j: number, right: number, into: Dense): void => {
    left.forEach((at, i) => {
      kernels.gram(n, at, right, small);
      const g = w.doubles(small, COLUMNS * COLUMNS);
      for (let a = 0; a < COLUMNS; a += 1)
        for (let b = 0; b < COLUMNS; b += 1) into.set(i * COLUMNS + a, j * COLUMNS + b, g[a * COLUMNS + b]!);
    });
  };
  /** y = x C. */
  const combine = (c: Dense): void => {
    each(y, PRODUCT_SHARE, (to, j) => {
      w.doubles(to, n * COLUMNS).fill(0);
      x.forEach((from, i) => {
        const cell = w.doubles(small, COLUMNS * COLUMNS);
        for (let a = 0; a < COLUMNS; a += 1)
          for (let b = 0; b < COLUMNS; b += 1) cell[a * COLUMNS + b] = c.get(i * COLUMNS + a, j * COLUMNS + b);
        kernels.expand(n, COLUMNS, from, small, 1, to);
      });
    });
    [x, y] = [y, x];
  };
  const orthonormalise = (): void => {
    const g = Dense.zeros(m, m);
    each(x, PRODUCT_SHARE, (at, j) => grams(x, j, at, g));
    combine(inverse(lowerFactor(g)).transpose());
  };

  let ritz: Float64Array = new Float64Array(m);
  let residual = Infinity;
  let cut = 0;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    share = 0;
    const degree = round === 0 ? 4 : filterDegree(cut);
    each(x, FILTER_SHARE, (at) => filter(at, degree, cut));
    orthonormalise();
    if (round < 2) orthonormalise();
    const h = Dense.zeros(m, m);
    each(x, PRODUCT_SHARE, (at, j) => {
      multiply(0, 1, 0, at, at, spare);
      grams(x, j, spare, h);
    });
    for (let i = 0; i < m; i += 1)
      for (let j = 0; j < i; j += 1) {
        const mean = (h.get(i, j) + h.get(j, i)) / 2;
        h.set(i, j, mean);
        h.set(j, i, mean);
      }
    const eigen = symmetricEigen(h);
    ritz = eigen.values;
    combine(eigen.vectors);
    residual = 0;
    for (let b = 0; b * COLUMNS < wanted; b += 1) {
      multiply(0, 1, 0, x[b]!, x[b]!, spare);
      kernels.dots(n, spare, spare, small);
      const norms = w.doubles(small, COLUMNS);
      for (let j = 0; j < COLUMNS && b * COLUMNS + j < wanted; j += 1)
        residual = Math.max(residual, norms[j]! - ritz[b * COLUMNS + j]! ** 2);
    }
    residual = Math.sqrt(Math.max(0, residual));
    nearing.ended(residual);
    if (residual <= tolerance) break;
    cut = Math.min(0.999, Math.max(-0.5, ritz[m - 1]!));
  }
  const vectors = new Float64Array(n * wanted);
  for (let k = 0; k < wanted; k += 1) {
    const block = w.doubles(x[Math.floor(k / COLUMNS)]!, n * COLUMNS);
    for (let i = 0; i < n; i += 1) vectors[i * wanted + k] = block[i * COLUMNS + (k % COLUMNS)]!;
  }
  return { nodes: n, rank: wanted, values: ritz.slice(0, wanted), vectors, residual };
}

/** As high as rounding allows: beyond a gain of 10^7 the leading eigenvectors drown the others in every column. */
export function filterDegree(cut: number): number {
  return Math.max(2, Math.min(40, Math.floor(Math.log(1e7) / Math.acosh((3 - cut) / (1 + cut)))));
}

function lowerFactor(g: Dense): Dense {
  for (let shift = 0; shift < 1; shift = shift === 0 ? 1e-14 : shift * 100) {
    const c = new CholeskyDecomposition(shift === 0 ? g : Dense.add(g, Dense.eye(g.rows).mul(shift)));
    if (c.isPositiveDefinite()) return c.lowerTriangularMatrix;
  }
  return Dense.eye(g.rows);
}

/**
 * Fast spectral ranking (methods.md 4.6): one row a node (or an image, when regions are pooled), so that a manifold search is an
 * inner product with {@link spectralQuery}.
 * @param pooling rows of the pooling matrix Σ: for each image its regions and their weights; left out, nodes are images.
 */
export function spectralEmbedding(e: Eigenpairs, alpha: number, pooling?: readonly SparseVector[]): Matrix {
  const gain = e.values.map((v) => transfer(v, alpha));
  const rows = pooling?.length ?? e.nodes;
  const data = new Float32Array(rows * e.rank);
  const add = (to: number, node: number, weight: number): void => {
    for (let k = 0; k < e.rank; k += 1) data[to * e.rank + k]! += weight * e.vectors[node * e.rank + k]! * gain[k]!;
  };
  for (let i = 0; i < rows; i += 1) {
    const p = pooling?.[i];
    if (p === undefined) add(i, i, 1);
    else for (let j = 0; j < p.ids.length; j += 1) add(i, p.ids[j]!, p.values[j]!);
  }
  return { data, rows, dim: e.rank };
}

/** z = U₁ᵀ y, from the rows of the query's few neighbours. */
export function spectralQuery(e: Eigenpairs, y: SparseVector): Float32Array {
  const z = new Float64Array(e.rank);
  for (let j = 0; j < y.ids.length; j += 1)
    for (let k = 0; k < e.rank; k += 1) z[k]! += y.values[j]! * e.vectors[y.ids[j]! * e.rank + k]!;
  return Float32Array.from(z);
}
