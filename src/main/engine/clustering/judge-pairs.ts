import { readFeatures } from '../features/store.ts';
import type { Features } from '../features/sift.ts';
import type { Library } from '../library/library.ts';
import type { PhotoRow } from '../library/photos.ts';
import type { TaskContext } from '../queue/context.ts';
import { storedMatches, type StoredMatch } from './matches.ts';
import { tellApart, type Apart, type RegionPair } from './objects.ts';
import { regionOf, type Region, type Sides } from './regions.ts';

const FEATURES_KEPT = 512;

/** The sides of the stored photo, whose frame its keypoints are in; a turned one is shown with them swapped. */
const sidesOf = (p: PhotoRow): Sides => (p.orientation >= 5 ? [p.height, p.width] : [p.width, p.height]);

/** {@link tellApart} of pairs of a library. @param photos by id, of all pairs. @param featuresOf of a photo by its hash, where the library has none. */
export function judgePairs(
  library: Library,
  photos: ReadonlyMap<number, PhotoRow>,
  verified: readonly StoredMatch[],
  sure: number,
  task: TaskContext,
  featuresOf = (hash: string): Features => readFeatures(library, hash),
): (Apart | null)[] {
  task.step('Telling shared things apart', verified.length, 'pairs');
  const cache = new Map<number, Features>();
  const features = (id: number): Features => {
    let f = cache.get(id);
    if (f === undefined) {
      f = featuresOf(photos.get(id)!.hash);
      if (cache.size >= FEATURES_KEPT) cache.delete(cache.keys().next().value!);
      cache.set(id, f);
    }
    return f;
  };
  const pairs = verified.map(({ a, b, inliers }, k): RegionPair => {
    task.check();
    const { matches, confirmed } = storedMatches(library, a, b)!;
    const region = (id: number, side: 0 | 1): Region => {
      const { frames } = features(id);
      const xy = new Float32Array(2 * confirmed.length);
      confirmed.forEach((m, i) => {
        const at = 4 * matches[2 * m + side]!;
        xy[2 * i] = frames[at]!;
        xy[2 * i + 1] = frames[at + 1]!;
      });
      return regionOf(xy, sidesOf(photos.get(id)!));
    };
    const regions = [region(a, 0), region(b, 1)] as const;
    task.progress(k + 1);
    return { a, b, inliers, regions };
  });
  return tellApart(pairs, (id) => sidesOf(photos.get(id)!), sure);
}

/** Keeps what was found, for reviews and for what is relevant when rankings are measured. */
export function noteApart(library: Library, verified: readonly StoredMatch[], judged: readonly (Apart | null)[]): void {
  const write = library.db.prepare('UPDATE photo_match SET apart = ? WHERE a = ? AND b = ? AND apart IS NOT ?');
  library.transaction(() => {
    verified.forEach(({ a, b }, k) => write.run(judged[k], a, b, judged[k]));
  });
}
