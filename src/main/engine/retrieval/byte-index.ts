import { CovisError } from '../../../shared/errors.ts';
import { kernelNow, MAX_PAGES, PAGE } from '../kernels/kernel.ts';
import type { Neighbours } from './neighbours.ts';
import { topByScore, type Matrix } from './rank.ts';
import { nearTogether } from './row-blocks.ts';

/** What kernels/bytes.wat exports. Addresses are bytes in the memory that is shared with it. */
interface BytesKernel {
  dots(n: number, dim: number, rows: number, query: number, out: number): void;
}

const LANES = 16;
const BYTE = 127;
/** Rows of a block, and blocks beside those that the best rows fill which are looked at before the others. */
const BLOCK = 64;
const FIRST = 4;
/** Blocks one after another that are looked at in one go, at most. */
const AT_ONCE = 16;
/** Above it the error of single precision is not what the bound allows for. */
const MAX_DIM = 8192;
/** Products of rounded numbers are themselves rounded when they are scaled: so much of them, and more than that is allowed for. */
const ROUNDING = 1e-5;

let compiled: WebAssembly.Module | undefined;

/**
 * Exact search for one query at a time. Rows are looked at as bytes, a quarter of what there is to read, and those that could be among
 * the best, by a bound that the rounding cannot break, are scored whole. With ⟨x, z⟩ = ⟨x̂, ẑ⟩ + ⟨x − x̂, z⟩ + ⟨x̂, z − ẑ⟩ for the rounded row x̂ and
 * query ẑ, what is left out is at most |x − x̂| |z| + |x̂| |z − ẑ| (Cauchy and Schwarz). Columns are first divided by their spread, which the
 * query takes instead: those of an embedding differ by a hundred times, and a step is one for all of a row.
 *
 * Rows near each other lie in blocks, and a block is looked at where its box, the largest and smallest number of each column, could hold one
 * of the best: no row's product is above Σ max(z, 0) largest + min(z, 0) smallest. Where rows have no such order all blocks are looked at.
 */
export class ByteIndex {
  readonly #database: Matrix;
  readonly #memory: WebAssembly.Memory;
  readonly #kernel: BytesKernel;
  readonly #padded: number;
  readonly #boxPadded: number;
  readonly #at: {
    readonly rows: number;
    readonly query: number;
    readonly out: number;
    readonly boxes: number;
    readonly sides: number;
  };
  readonly #spread: Float64Array;
  /** Rows by their place in blocks. */
  readonly #order: Uint32Array;
  /** Of each place: the length of one step, of what rounding took, and of what it left. */
  readonly #step: Float32Array;
  readonly #lost: Float32Array;
  readonly #kept: Float32Array;
  /** Of each block's box, which is rounded outwards: the length of one step, and its own. */
  readonly #boxStep: Float32Array;
  readonly #boxKept: Float32Array;
  /** The most that each place can have, of the query that is asked, in the blocks that were looked at. */
  readonly #reach: Float32Array;
  #looked = 0;

  /** @throws CovisError `INPUT_UNSUPPORTED` for more than 4 GiB or 8,192 dimensions. */
  constructor(database: Matrix) {
    const { rows, dim } = database;
    this.#database = database;
    this.#padded = LANES * Math.ceil(dim / LANES);
    this.#boxPadded = 2 * this.#padded;
    const blocks = Math.ceil(rows / BLOCK);
    const query = 0;
    const sides = query + 2 * this.#padded;
    const out = sides + 2 * this.#boxPadded;
    const boxes = LANES * Math.ceil((out + 4 * rows) / LANES);
    this.#at = { query, sides, out, boxes, rows: boxes + this.#boxPadded * blocks };
    const bytes = this.#at.rows + this.#padded * rows;
    if (dim > MAX_DIM || bytes > PAGE * MAX_PAGES)
      throw new CovisError('INPUT_UNSUPPORTED', `${rows} rows of ${dim} dimensions are too many for an index of bytes`);
    compiled ??= kernelNow('bytes');
    this.#memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(bytes / PAGE)), maximum: MAX_PAGES });
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory: this.#memory } });
    this.#kernel = exports as unknown as BytesKernel;
    this.#step = new Float32Array(rows);
    this.#lost = new Float32Array(rows);
    this.#kept = new Float32Array(rows);
    this.#boxStep = new Float32Array(blocks);
    this.#boxKept = new Float32Array(blocks);
    this.#reach = new Float32Array(rows);
    this.#spread = spreadOf(database);
    this.#order = nearTogether(database, BLOCK);
    for (let b = 0; b < blocks; b += 1) this.#fill(b);
  }

  /** Rounds the rows of a block and the box around them. */
  #fill(block: number): void {
    const { data, rows, dim } = this.#database;
    const { buffer } = this.#memory;
    const scaled = new Float64Array(dim);
    // As far apart as their halves of the query are.
    const box = new Float64Array(this.#boxPadded);
    const [largest, smallest] = [box.subarray(0, dim).fill(-Infinity), box.subarray(this.#padded).subarray(0, dim)];
    smallest.fill(Infinity);
    const first = block * BLOCK;
    for (let i = first; i < Math.min(rows, first + BLOCK); i += 1) {
      const from = this.#order[i]! * dim;
      for (let k = 0; k < dim; k += 1) {
        const v = data[from + k]! / this.#spread[k]!;
        scaled[k] = v;
        if (v > largest[k]!) largest[k] = v;
        if (v < smallest[k]!) smallest[k] = v;
      }
      const rounded = round(scaled, BYTE, new Int8Array(buffer, this.#at.rows + i * this.#padded, dim));
      this.#step[i] = rounded.step;
      this.#lost[i] = rounded.lost;
      this.#kept[i] = rounded.kept;
    }
    const into = new Int8Array(buffer, this.#at.boxes + block * this.#boxPadded, this.#boxPadded);
    const outwards = (v: number, i: number): number => (i < this.#padded ? Math.ceil(v) : Math.floor(v));
    const rounded = round(box, BYTE, into, outwards);
    this.#boxStep[block] = rounded.step;
    this.#boxKept[block] = rounded.kept;
  }

  /** Rows whose bytes the last search looked at. */
  get looked(): number {
    return this.#looked;
  }

  /** Bytes beside the database. */
  get bytes(): number {
    return this.#memory.buffer.byteLength + 20 * this.#database.rows + 8 * this.#boxStep.length;
  }

  /**
   * The `k` best rows, equal scores by increasing row; fewer when the database has fewer. Scores are of double precision, rounded once.
   * @throws CovisError `INPUT_INVALID` when dimensions differ.
   */
  search(query: Float32Array, k: number): Neighbours {
    const { rows, dim } = this.#database;
    if (query.length !== dim)
      throw new CovisError('INPUT_INVALID', `The query has ${query.length} dimensions and the database has ${dim}`);
    const most = Math.min(k, rows);
    if (most === 0) return { k: 0, ids: new Uint32Array(0), scores: new Float32Array(0) };
    const scaled = Float64Array.from(query, (v, k) => v * this.#spread[k]!);
    const bounds = this.#bounds(scaled);
    const z = round(scaled, finest(this.#padded), new Int16Array(this.#memory.buffer, this.#at.query, dim));
    const length = z.length * (1 + ROUNDING);
    const slack = z.lost + ROUNDING * z.length;
    // The least that a row can have, and the k-th of those: whoever cannot reach it is out, and so is a block.
    const floor = new Largest(most);
    const [reach, step, lost, kept] = [this.#reach, this.#step, this.#lost, this.#kept];
    const products = new Int32Array(this.#memory.buffer, this.#at.out, Math.min(rows, BLOCK * AT_ONCE));
    const spans: (readonly [first: number, end: number])[] = [];
    const look = (block: number, count: number): void => {
      const first = block * BLOCK;
      const end = Math.min(rows, first + count * BLOCK);
      const at = this.#at.rows + first * this.#padded;
      this.#kernel.dots(end - first, this.#padded, at, this.#at.query, this.#at.out);
      let least = floor.value;
      for (let i = first; i < end; i += 1) {
        const score = step[i]! * z.step * products[i - first]!;
        const bound = lost[i]! * length + kept[i]! * slack;
        reach[i] = score + bound;
        if (score - bound > least) {
          floor.add(score - bound);
          least = floor.value;
        }
      }
      spans.push([first, end]);
    };
    for (const block of topByScore(bounds, Math.ceil(most / BLOCK) + FIRST)) {
      look(block, 1);
      bounds[block] = -Infinity;
    }
    const blocks = bounds.length;
    const within = (b: number, threshold: number): boolean => bounds[b]! > -Infinity && bounds[b]! >= threshold;
    for (let b = 0; b < blocks;) {
      const [first, threshold] = [b, floor.value];
      while (b < blocks && b - first < AT_ONCE && within(b, threshold)) b += 1;
      if (b > first) look(first, b - first);
      else b += 1;
    }
    const threshold = floor.value;
    const ids: number[] = [];
    this.#looked = 0;
    for (const [first, end] of spans) {
      this.#looked += end - first;
      for (let i = first; i < end; i += 1) if (reach[i]! >= threshold) ids.push(this.#order[i]!);
    }
    ids.sort((a, b) => a - b);
    const scores = new Float32Array(ids.length);
    for (let j = 0; j < ids.length; j += 1) scores[j] = product(this.#database, ids[j]!, query);
    const best = topByScore(scores, most);
    return {
      k: most,
      ids: Uint32Array.from(best, (j) => ids[j]!),
      scores: Float32Array.from(best, (j) => scores[j]!),
    };
  }

  /** The most that a row of each block can have. @param scaled the query, times the spread of each column. */
  #bounds(scaled: Float64Array): Float64Array {
    const sides = new Float64Array(this.#boxPadded);
    for (let k = 0; k < scaled.length; k += 1) sides[scaled[k]! > 0 ? k : this.#padded + k] = scaled[k]!;
    const { buffer } = this.#memory;
    const z = round(sides, finest(this.#boxPadded), new Int16Array(buffer, this.#at.sides, this.#boxPadded));
    const blocks = this.#boxStep.length;
    this.#kernel.dots(blocks, this.#boxPadded, this.#at.boxes, this.#at.sides, this.#at.out);
    const products = new Int32Array(buffer, this.#at.out, blocks);
    const slack = z.lost + ROUNDING * z.length;
    return Float64Array.from(products, (p, b) => this.#boxStep[b]! * z.step * p + this.#boxKept[b]! * slack);
  }
}

/** Steps of a query at most, so that the sum of products stays below 2^31. */
function finest(padded: number): number {
  return Math.min(32_767, Math.floor((2 ** 31 - 1) / (BYTE * padded)));
}

/** ⟨row, query⟩ in double precision. */
function product({ data, dim }: Matrix, row: number, query: Float32Array): number {
  const at = row * dim;
  const fours = dim & ~3;
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let k = 0; k < fours; k += 4) {
    a += data[at + k]! * query[k]!;
    b += data[at + k + 1]! * query[k + 1]!;
    c += data[at + k + 2]! * query[k + 2]!;
    d += data[at + k + 3]! * query[k + 3]!;
  }
  for (let k = fours; k < dim; k += 1) a += data[at + k]! * query[k]!;
  return a + b + (c + d);
}

/** The root of the mean square of each column; one where it is zero. */
function spreadOf({ data, rows, dim }: Matrix): Float64Array {
  const sums = new Float64Array(dim);
  for (let i = 0, at = 0; i < rows; i += 1) for (let k = 0; k < dim; k += 1, at += 1) sums[k]! += data[at]! * data[at]!;
  return sums.map((s) => (s > 0 ? Math.sqrt(s / rows) : 1));
}

/** Rounds a vector to whole steps, at most `most` of them, and tells what that took. @param whole makes steps whole. */
function round(
  v: Float64Array,
  most: number,
  into: Int8Array | Int16Array,
  whole: (steps: number, column: number) => number = Math.round,
): { step: number; lost: number; kept: number; length: number } {
  let largest = 0;
  for (const x of v) largest = Math.max(largest, Math.abs(x));
  const step = largest === 0 ? 1 : largest / most;
  let lost = 0;
  let kept = 0;
  let length = 0;
  for (let i = 0; i < v.length; i += 1) {
    // The largest itself may come out as a little more than `most`.
    const steps = Math.max(-most, Math.min(most, whole(v[i]! / step, i)));
    into[i] = steps;
    lost += (v[i]! - steps * step) ** 2;
    kept += (steps * step) ** 2;
    length += v[i]! ** 2;
  }
  return { step, lost: Math.sqrt(lost), kept: Math.sqrt(kept), length: Math.sqrt(length) };
}

/** The `k` largest of the numbers that were added, as a heap whose root is the least of them. */
class Largest {
  readonly #heap: Float64Array;

  constructor(k: number) {
    this.#heap = new Float64Array(k).fill(-Infinity);
  }

  /** The k-th largest; −∞ before there are so many. */
  get value(): number {
    return this.#heap[0]!;
  }

  /** Takes a number larger than {@link value} in its place. */
  add(number: number): void {
    const h = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= h.length) break;
      if (child + 1 < h.length && h[child + 1]! < h[child]!) child += 1;
      if (h[child]! >= number) break;
      h[at] = h[child]!;
      at = child;
    }
    h[at] = number;
  }
}
