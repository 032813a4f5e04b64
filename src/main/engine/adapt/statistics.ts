import type { Library } from '../library/library.ts';
import { covisiblePairs } from '../mining/candidates.ts';
import { presentPhotos } from '../library/tables/photo.ts';
import { Relevant, type Geometry } from '../evaluation/protocols.ts';
import type { CollectionStatistics } from './guards.ts';

/** Fewer shared points than these are no evidence. */
const LEAST_SHARED = 3;

/** What {@link chooseGuards} looks at, of a library. */
export function collectionStatistics(library: Library, g: Geometry): CollectionStatistics {
  const relevant = new Relevant(g);
  const sizes = new Map<number, number>();
  g.group.forEach((place, i) => {
    if (relevant.has(i)) sizes.set(place, (sizes.get(place) ?? 0) + 1);
  });
  const query: number[] = [];
  const shared: number[] = [];
  const overlap: number[] = [];
  const scale: number[] = [];
  for (const p of covisiblePairs(library, LEAST_SHARED)) {
    if (p.query === p.other) continue;
    query.push(p.query);
    shared.push(p.shared);
    overlap.push(p.overlap);
    scale.push(p.scale);
  }
  return {
    photos: g.ids.length,
    placeSizes: Uint32Array.from(sizes.values()),
    longSides: Uint32Array.from(presentPhotos(library), (p) => Math.max(p.width, p.height)),
    query: Uint32Array.from(query),
    shared: Uint32Array.from(shared),
    overlap: Float64Array.from(overlap),
    scale: Float64Array.from(scale),
  };
}
