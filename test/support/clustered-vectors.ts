import { random } from '../../src/main/engine/library/random.ts';
import { normaliseRows, type Matrix } from '../../src/main/engine/retrieval/rank.ts';

/** Unit vectors around six centres, so that graphs have structure and no similarities are equal. */
export function clustered(rows: number, dim: number, seed: number): Matrix {
  const s = random(seed);
  const centres = random(99);
  const c = Array.from({ length: 6 * dim }, () => centres.between(-1, 1));
  const data = Float32Array.from(
    { length: rows * dim },
    (_, i) => c[(Math.floor(i / dim) % 6) * dim + (i % dim)]! + 0.5 * s.between(-1, 1),
  );
  return normaliseRows({ data, rows, dim }, 'test');
}
