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
  for (let i = 0; i < database.rows; i += 1) {
    let sum = 0;
    const at = i * dim;
    for (let k = 0; k < dim; k += 1) sum += data[at + k]! * query[k]!;
    out[i] = sum;
  }
  return out;
}

/** Row indices by decreasing score, equal scores by increasing index. */
export function rankByScore(scores: Float32Array): Uint32Array {
  return Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
}
