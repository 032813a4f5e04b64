import { DisjointSets } from '../library/disjoint-sets.ts';
import type { SparseModel } from './model.ts';
import { faultOf, TrackBuilder } from './track-builder.ts';

/** An image with its keypoints: positions [n, 2] and sizes [n] in pixels of its sensor frame. */
export interface MatchedImage {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly xy: Float32Array;
  readonly scale: Float32Array;
}

/** Verified matches of two images, by index: pairs of keypoints, [m, 2]. */
export interface ImageMatches {
  readonly a: number;
  readonly b: number;
  readonly matches: Uint32Array;
}

/** Fewer matches than this agree by chance. COLMAP's own threshold. */
export const MIN_INLIERS = 15;
/** Keypoints of one image closer than this are one place: SIFT gives a keypoint for every orientation. */
const SAME_PLACE_PIXELS = 2;

/**
 * Turns verified matches into clusters without cameras: a connected component of images each, and tracks of keypoints that match,
 * transitively. A track that meets two places of one image is wrong somewhere and is left out. Two images of a component share the
 * tracks that both see, so that everything that reads 3D points reads these, too.
 * @param images those without a match are in no cluster.
 */
export function matchModels(
  images: readonly MatchedImage[],
  pairs: readonly ImageMatches[],
  file: string,
): SparseModel[] {
  const start = new Uint32Array(images.length + 1);
  images.forEach((im, i) => (start[i + 1] = start[i]! + im.scale.length));
  // Keypoints are many: flat numbers instead of a set's map.
  const parent = Uint32Array.from({ length: start[images.length]! }, (_, i) => i);
  const find = (x: number): number => {
    let root = x;
    while (parent[root] !== root) root = parent[root]!;
    for (let at = x; parent[at] !== root;) {
      const up = parent[at]!;
      parent[at] = root;
      at = up;
    }
    return root;
  };
  const components = new DisjointSets();
  const matched = new Uint8Array(parent.length);
  for (const { a, b, matches } of pairs) {
    components.join(a, b);
    for (let k = 0; k < matches.length; k += 2) {
      const [x, y] = [start[a]! + matches[k]!, start[b]! + matches[k + 1]!];
      matched[x] = 1;
      matched[y] = 1;
      const [r, s] = [find(x), find(y)];
      if (r !== s) parent[Math.max(r, s)] = Math.min(r, s);
    }
  }
  const wrong = conflicting(images, start, matched, find);
  const builders = new Map<number, { builder: TrackBuilder; points: Map<number, number> }>();
  const joined = new Set(pairs.flatMap(({ a, b }) => [a, b]));
  images.forEach((im, i) => {
    if (!joined.has(i)) return;
    const g = components.find(i);
    let own = builders.get(g);
    if (own === undefined) builders.set(g, (own = { builder: new TrackBuilder(faultOf(file)), points: new Map() }));
    const { builder, points } = own;
    builder.camera({
      id: i + 1,
      model: 'SIMPLE_PINHOLE',
      width: im.width,
      height: im.height,
      params: [Math.max(im.width, im.height), im.width / 2, im.height / 2],
    });
    const view = builder.view({
      imageId: i + 1,
      name: im.name,
      cameraId: i + 1,
      rotation: [1, 0, 0, 0],
      translation: [0, 0, 0],
    });
    for (let k = 0; k < im.scale.length; k += 1) {
      const at = start[i]! + k;
      if (matched[at] === 0) continue;
      const track = find(at);
      if (wrong.has(track)) continue;
      let point = points.get(track);
      if (point === undefined) points.set(track, (point = builder.point([0, 0, 0], [0, 0, 0])));
      builder.observe(view, point, im.xy[2 * k]!, im.xy[2 * k + 1]!, undefined, im.scale[k]!);
    }
  });
  return [...builders.values()].map(({ builder }) => builder.finish('matches'));
}

/** Tracks that have keypoints at two places of one image. */
function conflicting(
  images: readonly MatchedImage[],
  start: Uint32Array,
  matched: Uint8Array,
  find: (x: number) => number,
): Set<number> {
  const wrong = new Set<number>();
  images.forEach((im, i) => {
    const first = new Map<number, number>();
    for (let k = 0; k < im.scale.length; k += 1) {
      if (matched[start[i]! + k] === 0) continue;
      const track = find(start[i]! + k);
      const other = first.get(track);
      if (other === undefined) first.set(track, k);
      else if (
        Math.hypot(im.xy[2 * k]! - im.xy[2 * other]!, im.xy[2 * k + 1]! - im.xy[2 * other + 1]!) > SAME_PLACE_PIXELS
      )
        wrong.add(track);
    }
  });
  return wrong;
}
