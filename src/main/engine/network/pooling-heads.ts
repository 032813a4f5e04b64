import type { Pooling } from '../../../shared/domain.ts';
import { floatTensor, type GraphBuilder, int, int64Tensor, ints } from './onnx/graph.ts';

/** GeM's exponent: one value shared by all channels, or one per channel. */
export const GEM_P = 'gem/p';

/** Floor below which activations are raised before the power, and the term that keeps the norm from zero (methods.md 1.5). */
export const EPSILON = 1e-6;

/** GeM's exponent before training (methods.md 1.5). */
export const INITIAL_P = 3;

/** Levels of R-MAC's grid, and the overlap of neighbouring regions that it aims at (methods.md 1.5). */
const LEVELS = 3;
const OVERLAP = 0.4;
/** Most positions that the long side has beyond the short one. */
const MOST_EXTRA = 6;

const INT64 = 7;
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
 * runs: every position that any map may have is in the graph, those that this map lacks count nothing. Positions are whole numbers,
 * so the grid is exact.
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

/** Computes region corners from the size of a map inside the graph. Values are int64 vectors of one element. */
class GridBuilder {
  readonly #b: GraphBuilder;
  readonly #long: string;
  readonly #short: string;
  readonly #wide: string;
  readonly #extra: string;
  readonly #levels = new Map<number, { side: string; count: string }>();

  constructor(b: GraphBuilder, x: string) {
    this.#b = b;
    const shape = b.op('Shape', [x]);
    const height = b.slice(shape, [2], [3], [0]);
    const width = b.slice(shape, [3], [4], [0]);
    this.#long = b.op('Max', [height, width]);
    this.#short = b.op('Min', [height, width]);
    this.#wide = b.op('Greater', [width, height]);
    this.#extra = this.#chosenExtra();
  }

  /** Extra positions along the long side: those steps whose overlap is nearest to 40 %; none on a square. */
  #chosenExtra(): string {
    const b = this.#b;
    const asFloat = (v: string): string => b.op('Cast', [v], { to: int(FLOAT) });
    const beyond = b.op('Sub', [this.#long, this.#short]);
    const steps = Array.from({ length: MOST_EXTRA }, (_, k) => k + 1);
    const stride = b.op('Div', [asFloat(beyond), b.constant(floatTensor([MOST_EXTRA], steps))]);
    const overlap = b.op('Sub', [b.scalar(1), b.op('Div', [stride, asFloat(this.#short)])]);
    const miss = b.op('Abs', [b.op('Sub', [overlap, b.scalar(OVERLAP)])]);
    const best = b.op('ArgMin', [miss], { axis: int(0), keepdims: int(1) });
    return b.op('Where', [b.op('Equal', [beyond, b.int64s([0])]), b.int64s([0]), b.op('Add', [best, b.int64s([1])])]);
  }

  #level(level: number): { side: string; count: string } {
    const known = this.#levels.get(level);
    if (known !== undefined) return known;
    const b = this.#b;
    const side = b.op('Div', [b.op('Mul', [this.#short, b.int64s([2])]), b.int64s([level + 1])]);
    const made = {
      side: b.op('Max', [side, b.int64s([1])]),
      count: b.op('Add', [this.#extra, b.int64s([level])]),
    };
    this.#levels.set(level, made);
    return made;
  }

  /** Start of position `k` of `count` that spread squares evenly over `length`: ⌊k (length − side) / (count − 1)⌋. */
  #start(k: number, length: string, side: string, count: string): string {
    const b = this.#b;
    const gaps = b.op('Max', [b.op('Sub', [count, b.int64s([1])]), b.int64s([1])]);
    return b.op('Div', [b.op('Mul', [b.op('Sub', [length, side]), b.int64s([k])]), gaps]);
  }

  /** Square `i` along the long side and `j` along the short one. */
  region(level: number, i: number, j: number): { from: string; to: string; present: string } {
    const b = this.#b;
    const { side, count } = this.#level(level);
    const inside = b.op('Less', [b.int64s([i]), count]);
    // A position that this map lacks becomes the first, which always exists, and counts nothing.
    const along = b.op('Where', [inside, this.#start(i, this.#long, side, count), b.int64s([0])]);
    const across = this.#start(j, this.#short, side, b.int64s([level]));
    const y = b.op('Where', [this.#wide, across, along]);
    const x = b.op('Where', [this.#wide, along, across]);
    const from = b.op('Concat', [y, x], { axis: int(0) });
    return {
      from,
      to: b.op('Add', [from, side]),
      present: b.op('Cast', [inside], { to: int(INT64) }),
    };
  }
}
