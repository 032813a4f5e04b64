import { random } from '../../src/main/engine/library/random.ts';
import type { Matrix } from '../../src/main/engine/retrieval/rank.ts';

/** Two standard normal numbers of a uniform source. */
function gaussians(next: () => number): [number, number] {
  const radius = Math.sqrt(-2 * Math.log(1 - next()));
  const angle = 2 * Math.PI * next();
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/** What photos of an object look like as descriptors. */
export interface Shape {
  /** Isotropic noise, per dimension, against centres of unit variance. */
  readonly noise: number;
  /** How far the three directions in which an object's photos spread reach; 0 gives round clusters. */
  readonly reach: number;
  /** Share of photos that show two objects, which joins their clusters. */
  readonly bridges: number;
}

/** Objects walked around: long thin surfaces, in which diffusion is slow. */
export const CURVED: Shape = { noise: 0.5, reach: 1.2, bridges: 0 };
/** Objects photographed alike, a few photos with two of them: clusters that mix fast within and slowly between. */
export const JOINED: Shape = { noise: 2, reach: 0, bridges: 0.05 };

/**
 * Unit vectors that lie on a few curved surfaces with noise around them, as descriptors of photos around objects do: each object
 * has a centre and three directions in which its photos spread.
 */
export function manifoldDescriptors(rows: number, dim: number, objects: number, seed: number, shape = CURVED): Matrix {
  const r = random(seed);
  const gauss = (n: number): Float64Array => {
    const v = new Float64Array(n);
    for (let i = 0; i < n; i += 2) {
      const [a, b] = gaussians(() => r.next());
      v[i] = a;
      if (i + 1 < n) v[i + 1] = b;
    }
    return v;
  };
  const surfaces = Array.from({ length: objects }, () => ({
    centre: gauss(dim),
    ways: [gauss(dim), gauss(dim), gauss(dim)],
  }));
  const data = new Float32Array(rows * dim);
  for (let i = 0; i < rows; i += 1) {
    const s = surfaces[i % objects]!;
    const second = r.next() < shape.bridges ? surfaces[r.below(objects)]! : undefined;
    const at = [r.between(-1, 1), r.between(-1, 1), r.between(-1, 1)];
    const e = gauss(dim);
    let norm = 0;
    for (let d = 0; d < dim; d += 1) {
      let v = s.centre[d]! + shape.noise * e[d]! + (second?.centre[d] ?? 0);
      for (let w = 0; w < 3; w += 1) v += shape.reach * Math.sin(1.7 * at[w]!) * s.ways[w]![d]!;
      data[i * dim + d] = v;
      norm += v * v;
    }
    for (let d = 0; d < dim; d += 1) data[i * dim + d]! /= Math.sqrt(norm);
  }
  return { data, rows, dim };
}
