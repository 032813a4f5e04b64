import { EPSILON } from './pooling-heads.ts';

/**
 * GeM of one channel: ( mean of max(x, 1e-6)^p )^(1/p), in double precision (methods.md 1.5).
 * @param x the activations of one channel, any number of them.
 */
export function gem(x: ArrayLike<number>, p: number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i += 1) sum += Math.max(x[i]!, EPSILON) ** p;
  return (sum / x.length) ** (1 / p);
}

/** Divides by ‖v‖ + 1e-6 in place and returns v. */
export function l2Normalise<T extends Float32Array | Float64Array>(v: T): T {
  let sum = 0;
  for (const x of v) sum += x * x;
  const norm = Math.sqrt(sum) + EPSILON;
  for (let i = 0; i < v.length; i += 1) v[i]! /= norm;
  return v;
}
