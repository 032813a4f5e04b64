import { CovisError } from '../../../shared/errors.ts';
import { kernelNow, MAX_PAGES, PAGE } from '../kernels/kernel.ts';
import type { Neighbours } from './neighbours.ts';
import { topByScore, type Matrix } from './rank.ts';

/** What kernels/bytes.wat exports. Addresses are bytes in the memory that is shared with it. */
interface BytesKernel {
  dots(n: number, dim: number, rows: number, query: number, out: number): void;
}

const LANES = 16;
const BYTE = 127;
/** Above it the error of single precision is not what the bound allows for. */
const MAX_DIM = 8192;
/** Products of rounded numbers are themselves rounded when they are scaled: so much of them, and more than that is allowed for. */
const ROUNDING = 1e-5;

let compiled: WebAssembly.Module | undefined;

/**
 * Exact search for one query at a time: all rows are looked at as bytes, a quarter of what there is to read, and those that could be among
 * the best, by a bound that the rounding cannot break, are scored whole. With ⟨x, z⟩ = ⟨x̂, ẑ⟩ + ⟨x − x̂, z⟩ + ⟨x̂, z − ẑ⟩ for the rounded row x̂ and
 * query ẑ, what is left out is at most |x − x̂| |z| + |x̂| |z − ẑ| (Cauchy and Schwarz). Columns are first divided by their spread, which the
 * query takes instead: those of an embedding differ by a hundred times, and a step is one for all of a row.
 */
export class ByteIndex {
  readonly #database: Matrix;
  readonly #memory: WebAssembly.Memory;
  readonly #kernel: BytesKernel;
  readonly #padded: number;
  readonly #at: { readonly rows: number; readonly query: number; readonly out: number };
  readonly #spread: Float64Array;
  /** Of each row: the length of one step, of what rounding took, and of what it left. */
  readonly #step: Float32Array;
  readonly #lost: Float32Array;
  readonly #kept: Float32Array;
  /** The most that each row can have, of the query that is asked. */
  readonly #reach: Float32Array;

  /** @throws CovisError `INPUT_UNSUPPORTED` for more than 4 GiB or 8,192 dimensions. */
  constructor(database: Matrix) {
    const { rows, dim } = database;
    this.#database = database;
    this.#padded = LANES * Math.ceil(dim / LANES);
    const query = 0;
    const out = query + 2 * this.#padded;
    this.#at = { query, out, rows: LANES * Math.ceil((out + 4 * rows) / LANES) };
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
    this.#reach = new Float32Array(rows);
    this.#spread = spreadOf(database);
    const scaled = new Float64Array(dim);
    const into = new Int8Array(this.#memory.buffer, this.#at.rows, this.#padded * rows);
    for (let i = 0; i < rows; i += 1) {
      const from = i * dim;
      for (let k = 0; k < dim; k += 1) scaled[k] = database.data[from + k]! / this.#spread[k]!;
      const rounded = round(scaled, BYTE, into.subarray(i * this.#padded, i * this.#padded + dim));
      this.#step[i] = rounded.step;
      this.#lost[i] = rounded.lost;
      this.#kept[i] = rounded.kept;
    }
  }

  /** Bytes beside the database. */
  get bytes(): number {
    return this.#memory.buffer.byteLength + 16 * this.#database.rows;
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
    // So that the sum of products stays below 2^31.
    const fine = Math.min(32_767, Math.floor((2 ** 31 - 1) / (BYTE * this.#padded)));
    const scaled = Float64Array.from(query, (v, k) => v * this.#spread[k]!);
    const z = round(scaled, fine, new Int16Array(this.#memory.buffer, this.#at.query, dim));
    this.#kernel.dots(rows, this.#padded, this.#at.rows, this.#at.query, this.#at.out);
    const products = new Int32Array(this.#memory.buffer, this.#at.out, rows);
    const length = z.length * (1 + ROUNDING);
    const slack = z.lost + ROUNDING * z.length;
    // The least that a row can have, and the k-th of those: whoever cannot reach it is out. Both in two passes, so that nothing is
    // kept but what has a chance.
    const floor = new Largest(most);
    const reach = this.#reach;
    for (let i = 0; i < rows; i += 1) {
      const score = this.#step[i]! * z.step * products[i]!;
      const bound = this.#lost[i]! * length + this.#kept[i]! * slack;
      reach[i] = score + bound;
      const least = score - bound;
      if (least > floor.value) floor.add(least);
    }
    const threshold = floor.value;
    const ids: number[] = [];
    for (let i = 0; i < rows; i += 1) if (reach[i]! >= threshold) ids.push(i);
    const scores = new Float32Array(ids.length);
    for (let j = 0; j < ids.length; j += 1) scores[j] = product(this.#database, ids[j]!, query);
    const best = topByScore(scores, most);
    return {
      k: most,
      ids: Uint32Array.from(best, (j) => ids[j]!),
      scores: Float32Array.from(best, (j) => scores[j]!),
    };
  }
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

/** Rounds a vector to whole steps, at most `most` of them, and tells what that took. */
function round(
  v: Float64Array,
  most: number,
  into: Int8Array | Int16Array,
): { step: number; lost: number; kept: number; length: number } {
  let largest = 0;
  for (const x of v) largest = Math.max(largest, Math.abs(x));
  const step = largest === 0 ? 1 : largest / most;
  let lost = 0;
  let kept = 0;
  let length = 0;
  for (let i = 0; i < v.length; i += 1) {
    const whole = Math.round(v[i]! / step);
    into[i] = whole;
    lost += (v[i]! - whole * step) ** 2;
    kept += (whole * step) ** 2;
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
