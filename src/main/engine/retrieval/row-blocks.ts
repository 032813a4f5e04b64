import type { Matrix } from './rank.ts';

/** Rows of a block that its direction is found from, and how often it is turned towards the one of the largest spread. */
const SAMPLE = 128;
const TURNS = 3;

/**
 * Numbers of the rows in an order in which those near each other lie together: cut in two, again and again, across the direction in which a
 * part spreads most, so that each part but the last is a multiple of `size` rows. The same rows give the same order.
 */
export function nearTogether(m: Matrix, size: number): Uint32Array {
  const order = Uint32Array.from({ length: m.rows }, (_, i) => i);
  const along = new Float64Array(m.rows);
  const cut = (from: number, to: number): void => {
    const count = to - from;
    if (count <= size) return;
    const ids = order.subarray(from, to);
    const places = along.subarray(0, count);
    project(m, ids, widest(m, ids), places);
    const left = size * Math.ceil(count / 2 / size);
    const middle = places.slice().sort()[left]!;
    // Those that lie at the middle itself fill the left up.
    let room = left;
    for (const p of places) if (p < middle) room -= 1;
    const parts: [number[], number[]] = [[], []];
    ids.forEach((id, i) => {
      const here = places[i]! < middle || (places[i] === middle && room-- > 0);
      parts[here ? 0 : 1].push(id);
    });
    ids.set(parts[0]);
    ids.set(parts[1], left);
    cut(from, from + left);
    cut(from + left, to);
  };
  cut(0, m.rows);
  return order;
}

/** The direction in which some of the rows spread most, by the power method; zeros where they are all alike. */
function widest(m: Matrix, ids: Uint32Array): Float64Array {
  const { dim, data } = m;
  const count = Math.min(SAMPLE, ids.length);
  const some = new Float64Array(count * dim);
  const mean = new Float64Array(dim);
  for (let i = 0; i < count; i += 1) {
    const at = ids[Math.floor((i * ids.length) / count)]! * dim;
    for (let k = 0; k < dim; k += 1) mean[k]! += (some[i * dim + k] = data[at + k]!) / count;
  }
  let [largest, first] = [-1, 0];
  for (let i = 0; i < count; i += 1) {
    let length = 0;
    for (let k = 0; k < dim; k += 1) length += (some[i * dim + k]! -= mean[k]!) ** 2;
    if (length > largest) [largest, first] = [length, i];
  }
  let way = some.slice(first * dim, (first + 1) * dim);
  for (let turn = 0; turn < TURNS; turn += 1) {
    const next = new Float64Array(dim);
    let length = 0;
    for (let i = 0; i < count; i += 1) {
      let s = 0;
      for (let k = 0, at = i * dim; k < dim; k += 1, at += 1) s += some[at]! * way[k]!;
      for (let k = 0, at = i * dim; k < dim; k += 1, at += 1) next[k]! += s * some[at]!;
    }
    for (const v of next) length += v * v;
    if (length === 0) break;
    way = next.map((v) => v / Math.sqrt(length));
  }
  return way;
}

function project({ data, dim }: Matrix, ids: Uint32Array, way: Float64Array, out: Float64Array): void {
  for (let i = 0; i < ids.length; i += 1) {
    let s = 0;
    for (let k = 0, at = ids[i]! * dim; k < dim; k += 1, at += 1) s += data[at]! * way[k]!;
    // What is no number has no place; it must not lose one.
    out[i] = s || 0;
  }
}
