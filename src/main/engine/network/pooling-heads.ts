import type { Pooling } from '../../../shared/domain.ts';
import { floatTensor, type GraphBuilder, int, int64Tensor, ints } from './onnx/graph.ts';
import { GridBuilder, LEVELS, MOST_EXTRA } from './region-grid.ts';

/** GeM's exponent: one value shared by all channels, or one per channel. */
export const GEM_P = 'gem/p';

/** Floor below which activations are raised before the power, and the term that keeps the norm from zero (methods.md 1.5). */
export const EPSILON = 1e-6;

/** GeM's exponent before training (methods.md 1.5). */
export const INITIAL_P = 3;

const FLOAT = 1;

/**
 * Appends a pooling of feature map `x` [N, K, H, W]. All operators are standard ONNX with gradients.
 * @returns the name of the pooled value [N, K], not normalised but for the regional poolings, which sum unit vectors.
 */
export function appendPooling(b: GraphBuilder, x: string, channels: number, pooling: Pooling, p = INITIAL_P): string {
  const flat = (v: string): string => b.op('Flatten', [v], { axis: int(1) });
  switch (pooling) {
    case 'mac':
      return flat(b.op('GlobalMaxPool', [x]));
    case 'spoc':
      return flat(b.op('GlobalAveragePool', [x]));
    case 'gem':
    case 'gemmp':
      return generalisedMean(b, x, pooling === 'gem' ? 1 : channels, p);
    case 'rmac':
      return overRegions(b, x, (region) => b.op('GlobalMaxPool', [region]));
    case 'rgem': {
      const { powered, root } = gemParts(b, x, 1, p);
      return overRegions(b, powered, (region) => b.op('Pow', [b.op('GlobalAveragePool', [region]), root]));
    }
  }
}

/** Appends v / (‖v‖ + 1e-6) of [N, K], under the name `output` if one is given. */
export function appendL2(b: GraphBuilder, v: string, output?: string): string {
  const norm = b.op('Sqrt', [b.reduceSum(b.op('Mul', [v, v]), [1], true)]);
  return b.op('Div', [v, b.op('Add', [norm, b.scalar(EPSILON)])], {}, output);
}

function gemParts(b: GraphBuilder, x: string, count: number, p: number): { powered: string; root: string } {
  b.graph.initializers.set(GEM_P, floatTensor([count], new Float32Array(count).fill(p)));
  const clamped = b.op('Clip', [x, b.constant(floatTensor([], [EPSILON]))]);
  // The shared exponent is used as it is, so that what pools by GeM is found by it; one per channel meets [N, K, H, W].
  const spatial = count === 1 ? GEM_P : b.reshape(GEM_P, [count, 1, 1]);
  return { powered: b.op('Pow', [clamped, spatial]), root: b.op('Div', [b.scalar(1), GEM_P]) };
}

function generalisedMean(b: GraphBuilder, x: string, count: number, p: number): string {
  const { powered, root } = gemParts(b, x, count, p);
  const mean = b.op('ReduceMean', [powered], { axes: ints([2, 3]), keepdims: int(0) });
  return b.op('Pow', [mean, root]);
}

/**
 * Sum of the L2-normalised regions of R-MAC's grid, the whole map among them. The grid follows from the size of the map when the graph
 * runs: every position that any map may have is in the graph, those that this map lacks count nothing. It is the grid of
 * `regionGrid`.
 */
function overRegions(b: GraphBuilder, x: string, pool: (region: string) => string): string {
  const grid = new GridBuilder(b, x);
  const pooled = [pool(x)];
  const present = [b.constant(int64Tensor([1], [1]))];
  for (let level = 1; level <= LEVELS; level += 1) {
    for (let i = 0; i < level + MOST_EXTRA; i += 1) {
      for (let j = 0; j < level; j += 1) {
        const region = grid.region(level, i, j);
        pooled.push(pool(b.op('Slice', [x, region.from, region.to, b.int64s([2, 3])])));
        present.push(region.present);
      }
    }
  }
  const all = b.op('Concat', pooled, { axis: int(2) });
  const norm = b.op('Sqrt', [b.reduceSum(b.op('Mul', [all, all]), [1], true)]);
  const unit = b.op('Div', [all, b.op('Add', [norm, b.scalar(EPSILON)])]);
  const weights = b.op('Cast', [b.op('Concat', present, { axis: int(0) })], { to: int(FLOAT) });
  const weighted = b.op('Mul', [unit, b.reshape(weights, [1, 1, pooled.length, 1])]);
  return b.reduceSum(weighted, [2, 3], false);
}
