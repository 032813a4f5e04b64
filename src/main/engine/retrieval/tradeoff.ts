import type { TradeoffPoint, TradeoffReport } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import { random } from '../library/random.ts';
import { DiffusionSolver, queryVector, type SparseVector } from './diffusion.ts';
import type { GraphCache } from './graph-cache.ts';
import { edgeCount } from './graph.ts';
import type { GraphParameters } from './methods/on-graph.ts';
import { exactNeighbours } from './neighbours.ts';
import { takeRows, type Matrix } from './rank.ts';
import { truncateEigenpairs } from './spectral.ts';

const RANKS = [0, 5, 10, 20, 40, 80, 160, 320] as const;
const QUERIES = 16;
const PAIRS = 20_000;
const REPEATS = 5;
const MOST_ITERATIONS = 200;
/** Residual of the eigenpairs: well below what the target error can notice. */
const TRADEOFF_RESIDUAL = 1e-5;

/**
 * From pure conjugate gradients to pure spectral ranking: for each rank the fewest iterations of hybrid diffusion whose ranking differs from that of
 * the converged scores in at most `target` of all pairs, with time, memory and the errors that are left; and the error of the spectral part alone.
 * Queries are nodes drawn by a fixed seed, each carried by its own neighbours.
 * @throws CovisError `STATE_EMPTY` for a graph without edges, `CANCELLED`.
 */
export async function measureTradeoff(
  vectors: Matrix,
  p: GraphParameters,
  target: number,
  cache: GraphCache,
  task: TaskContext,
): Promise<TradeoffReport> {
  const { s } = await cache.graph(p.k, p.gamma, task);
  if (s.columns.length === 0)
    throw new CovisError(
      'STATE_EMPTY',
      'No two descriptors are mutual neighbours, so that there is nothing to diffuse on',
    );
  const largest = Math.min(RANKS.at(-1)!, s.nodes);
  const ranks = [...new Set([...RANKS.filter((r) => r < largest), largest])];
  const all = await cache.eigenpairs(p.k, p.gamma, largest, TRADEOFF_RESIDUAL, task);
  const r = random(7);
  const drawn = takeRows(
    vectors,
    Array.from({ length: QUERIES }, () => r.below(vectors.rows)),
  );
  const near = await exactNeighbours(vectors, drawn, p.kq);
  const queries = Array.from({ length: QUERIES }, (_, i) =>
    queryVector(
      [
        {
          ids: near.ids.subarray(i * near.k, (i + 1) * near.k),
          cosines: near.scores.subarray(i * near.k, (i + 1) * near.k),
        },
      ],
      p.kq,
      p.gamma,
    ),
  );
  const plain = await DiffusionSolver.create(s);
  const truth: Float64Array[] = [];
  plain.hybrid(queries, { alpha: p.alpha, iterations: 5000, tolerance: 1e-12 }, (q, f) => (truth[q] = f.slice()));
  task.step('Measuring ranks', ranks.length, 'ranks');
  const points: TradeoffPoint[] = [];
  for (const [i, rank] of ranks.entries()) {
    task.check();
    const solver = await DiffusionSolver.create(s);
    const kept = Math.min(rank, all.rank);
    if (kept > 0) solver.useEigenpairs(truncateEigenpairs(all, kept));
    points.push({ rank: kept, bytes: solver.bytes, ...fewestIterations(solver, queries, truth, p.alpha, target) });
    task.progress(i + 1);
  }
  return { nodes: s.nodes, edges: edgeCount(s), target, eigenResidual: all.residual, points };
}

/** Pairs of nodes on which orders are compared, the same for every rank. */
function drawPairs(nodes: number): readonly (readonly [number, number])[] {
  const r = random(11);
  return Array.from({ length: PAIRS }, () => [r.below(nodes), r.below(nodes)] as const);
}

/** Share of pairs that `f` orders otherwise than `exact` does; pairs that only `exact` tells apart count. */
export function rankingError(
  f: ArrayLike<number>,
  exact: ArrayLike<number>,
  pairs: readonly (readonly [number, number])[],
): number {
  let wrong = 0;
  for (const [a, b] of pairs) {
    const truth = exact[a]! - exact[b]!;
    if (truth !== 0 && truth * (f[a]! - f[b]!) <= 0) wrong += 1;
  }
  return wrong / pairs.length;
}

/** Doubles and then halves the interval of iterations; errors fall with iterations. */
function fewestIterations(
  solver: DiffusionSolver,
  queries: readonly SparseVector[],
  truth: readonly Float64Array[],
  alpha: number,
  target: number,
): Omit<TradeoffPoint, 'rank' | 'bytes'> {
  const pairs = drawPairs(solver.nodes);
  const errors = (iterations: number): { ranking: number; score: number } => {
    let ranking = 0;
    let score = 0;
    solver.hybrid(queries, { alpha, iterations, tolerance: 0 }, (q, f) => {
      const exact = truth[q]!;
      let off = 0;
      let size = 0;
      for (let i = 0; i < f.length; i += 1) {
        off += (f[i]! - exact[i]!) ** 2;
        size += exact[i]! ** 2;
      }
      score += size === 0 ? 0 : Math.sqrt(off / size) / queries.length;
      ranking += rankingError(f, exact, pairs) / queries.length;
    });
    return { ranking, score };
  };
  const spectralError = errors(0).ranking;
  let high = 0;
  if (spectralError > target) {
    high = 1;
    while (high < MOST_ITERATIONS && errors(high).ranking > target) high *= 2;
    let low = Math.floor(high / 2);
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (errors(middle).ranking > target) low = middle;
      else high = middle;
    }
  }
  const left = errors(high);
  const times = Array.from({ length: REPEATS }, () => {
    const began = performance.now();
    solver.hybrid(queries, { alpha, iterations: high, tolerance: 0 }, () => undefined);
    return (performance.now() - began) / queries.length;
  }).sort((a, b) => a - b);
  return {
    iterations: high,
    msPerQuery: times[REPEATS >> 1]!,
    rankingError: left.ranking,
    scoreError: left.score,
    spectralError,
  };
}
