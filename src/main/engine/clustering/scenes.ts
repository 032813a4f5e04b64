import { DisjointSets, groupsOf } from '../library/disjoint-sets.ts';
import type { StoredMatch } from './matches.ts';

/** Scenes of fewer photos are no clusters. */
export const FEWEST_PHOTOS = 3;

/**
 * Scenes of a graph of verified pairs: connected photos, where a link counts only if it is not alone. A pair of photos that match by
 * chance, or by a sign or a lamp in both, has no third photo that matches both; within a place most have. Links of many confirmed
 * matches need no witness.
 * @param sure matches of which no witness is asked. @returns photo ids of each scene, largest scenes first, ids ascending.
 */
export function scenesOf(pairs: readonly StoredMatch[], sure: number): number[][] {
  const neighbours = new Map<number, Set<number>>();
  const near = (a: number): Set<number> => {
    let set = neighbours.get(a);
    if (set === undefined) neighbours.set(a, (set = new Set()));
    return set;
  };
  for (const { a, b } of pairs) {
    near(a).add(b);
    near(b).add(a);
  }
  const scenes = new DisjointSets();
  for (const { a, b, inliers } of pairs) {
    const [small, large] = near(a).size < near(b).size ? [near(a), near(b)] : [near(b), near(a)];
    const witnessed = inliers >= sure || [...small].some((c) => large.has(c));
    if (witnessed) scenes.join(a, b);
  }
  return groupsOf(scenes, neighbours.keys())
    .filter((g) => g.length >= FEWEST_PHOTOS)
    .map((g) => g.sort((a, b) => a - b))
    .sort((a, b) => b.length - a.length || a[0]! - b[0]!);
}
