import { CovisError } from '../../../shared/errors.ts';

/** Rows of unit-length descriptors, row-major. */
export interface Matrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly dim: number;
}

export function row(m: Matrix, i: number): Float32Array {
  return m.data.subarray(i * m.dim, (i + 1) * m.dim);
}

/** Inner product in double precision. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k += 1) sum += a[k]! * b[k]!;
  return sum;
}

/** ⟨query, row⟩ for every row. */
export function similarities(database: Matrix, query: Float32Array): Float32Array {
  const out = new Float32Array(database.rows);
  const { data, dim } = database;
  const fours = dim - (dim % 4);
  for (let i = 0; i < database.rows; i += 1) {
    // Four sums, none of which waits for the one before.
    let [a, b, c, d] = [0, 0, 0, 0];
    let at = i * dim;
    for (let k = 0; k < fours; k += 4, at += 4) {
      a += data[at]! * query[k]!;
      b += data[at + 1]! * query[k + 1]!;
      c += data[at + 2]! * query[k + 2]!;
      d += data[at + 3]! * query[k + 3]!;
    }
    for (let k = fours; k < dim; k += 1, at += 1) a += data[at]! * query[k]!;
    out[i] = a + b + (c + d);
  }
  return out;
}

/** Row indices by decreasing score, equal scores by increasing index. */
export function rankByScore(scores: Float32Array | Float64Array): Uint32Array {
  return Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/** The first `top` of {@link rankByScore}, found without sorting the rest. */
export function topByScore(scores: Float32Array | Float64Array, top: number): Uint32Array {
  const n = scores.length;
  if (top >= n || top > n / 4) return rankByScore(scores).subarray(0, top);
  // A heap of the best so far whose root is the worst of them; later indices lose ties.
  const heap = new Uint32Array(top);
  const worse = (a: number, b: number): boolean => scores[a]! < scores[b]! || (scores[a]! === scores[b]! && a > b);
  const sift = (from: number): void => {
    const item = heap[from]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= top) break;
      if (child + 1 < top && worse(heap[child + 1]!, heap[child]!)) child += 1;
      if (!worse(heap[child]!, item)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = item;
  };
  for (let i = 0; i < top; i += 1) heap[i] = i;
  for (let i = (top >> 1) - 1; i >= 0; i -= 1) sift(i);
  for (let i = top; i < n; i += 1) {
    if (scores[i]! <= scores[heap[0]!]!) continue;
    heap[0] = i;
    sift(0);
  }
  return heap.sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/**
 * Divides every row by its length.
 * @param what how messages call the matrix.
 * @throws CovisError `INPUT_INVALID` naming the first row that is zero or holds no number.
 */
export function normaliseRows(m: Matrix, what: string, file?: string): Matrix {
  const data = new Float32Array(m.data.length);
  for (let i = 0; i < m.rows; i += 1) {
    let sum = 0;
    for (let at = i * m.dim, end = at + m.dim; at < end; at += 1) sum += m.data[at]! * m.data[at]!;
    if (!Number.isFinite(sum) || sum === 0) {
      throw new CovisError(
        'INPUT_INVALID',
        `Row ${i} of ${what} ${sum === 0 ? 'is all zeros' : 'holds a value that is no finite number'}`,
        {
          ...(file === undefined ? {} : { file }),
          hint: 'A descriptor needs a direction: compute this one again, or leave it out.',
        },
      );
    }
    const scale = 1 / Math.sqrt(sum);
    for (let at = i * m.dim, end = at + m.dim; at < end; at += 1) data[at] = m.data[at]! * scale;
  }
  return { data, rows: m.rows, dim: m.dim };
}

/** The given rows as a matrix of their own. */
export function takeRows(m: Matrix, ids: ArrayLike<number>): Matrix {
  const data = new Float32Array(ids.length * m.dim);
  for (let i = 0; i < ids.length; i += 1) data.set(row(m, ids[i]!), i * m.dim);
  return { data, rows: ids.length, dim: m.dim };
}
