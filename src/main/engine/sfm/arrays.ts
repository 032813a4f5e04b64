import type { Library } from '../library/library.ts';

/** Flat arrays that a cluster with points has, each a `.npy` of its folder. */
export const ARRAYS = [
  'points',
  'colours',
  'errors',
  'tracks',
  'view_offsets',
  'observation_points',
  'observation_xy',
] as const;

/** Paths of a cluster's arrays. */
export function arraysOf(library: Library, uid: string): string[] {
  return ARRAYS.map((name) => library.file('clusters', uid, `${name}.npy`));
}
