import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { readNpy, writeNpy } from '../formats/npy.ts';
import { noteStored, verifyStored } from '../library/stored.ts';
import { arraysOf } from '../sfm/arrays.ts';
import { now, type Library } from '../library/library.ts';
import { photoWriter } from '../library/photos.ts';
import { cameraCentre, quaternionOf, rotationMatrix, type Camera, type View } from '../sfm/model.ts';
import { integer, json, list, nullable, real, record, select, text } from '../library/rows.ts';
import { clusterWriter, storedCamera, storedPose } from '../library/tables/cluster.ts';

/** Some views of a cluster. */
export interface ClusterPart {
  readonly cluster: number;
  readonly views: readonly number[];
}

type Pose = Pick<View, 'rotation' | 'translation'>;

/** x' = scale * rotation * x + shift. */
interface Similarity {
  readonly scale: number;
  readonly rotation: Float64Array;
  readonly shift: readonly [number, number, number];
}

const IDENTITY: Similarity = {
  scale: 1,
  rotation: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
  shift: [0, 0, 0],
};
const COMMON_PHOTOS = 3;

interface LoadedPart {
  readonly uid: string;
  readonly views: readonly {
    readonly index: number;
    readonly photo: number | null;
    readonly name: string;
    readonly camera: Camera | null;
    readonly pose: Pose | null;
    readonly seen: number;
  }[];
  readonly points: Float32Array;
  readonly colours: Uint8Array;
  readonly errors: Float32Array;
  readonly offsets: Uint32Array;
  readonly obsPoint: Uint32Array;
  readonly obsXy: Float32Array;
}

/**
 * Makes a cluster of parts of others, not yet in force. Points that none of its views sees are left out. Parts that share three photos
 * are aligned by the centres of their cameras; others are put beside each other. Runs inside a transaction.
 * @throws CovisError `INPUT_CORRUPT` where points of a part cannot be read.
 */
export function deriveCluster(
  library: Library,
  parts: readonly ClusterPart[],
  name: string,
  how: 'merged' | 'split' | 'rest',
): { readonly id: number; readonly uid: string; readonly aligned: boolean } {
  const loaded = parts.map((p) => load(library, p));
  const { placed, aligned } = place(loaded);
  const hash = createHash('sha256').update(`${how} ${now()}`);
  parts.forEach((p, i) => hash.update(`${loaded[i]!.uid} ${p.views.join()};`));
  const uid = hash.digest('hex').slice(0, 16);
  const merged = joined(loaded, placed);
  const folder = library.file('clusters', uid);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const n = merged.errors.length;
  writeNpy(join(folder, 'points.npy'), merged.points, [n, 3]);
  writeNpy(join(folder, 'colours.npy'), merged.colours, [n, 3]);
  writeNpy(join(folder, 'errors.npy'), merged.errors, [n]);
  writeNpy(join(folder, 'tracks.npy'), merged.tracks, [n]);
  writeNpy(join(folder, 'view_offsets.npy'), merged.offsets, [merged.offsets.length]);
  writeNpy(join(folder, 'observation_points.npy'), merged.obsPoint, [merged.obsPoint.length]);
  writeNpy(join(folder, 'observation_xy.npy'), merged.obsXy, [merged.obsPoint.length, 2]);
  noteStored(library, arraysOf(library, uid));
  const first = select(
    library.db,
    'SELECT c.scene_id AS scene, c.source, s.images FROM cluster_all c JOIN scene s ON s.id = c.scene_id WHERE c.id = ?',
    record({ scene: integer, source: text, images: text }),
  ).one(parts[0]!.cluster);
  // What was split off may be another place, unless its folder says that it is the same.
  const scene = how === 'split' ? photoWriter(library).scene(name, `split:${uid}`, first.images) : first.scene;
  const known = merged.errors.filter((e) => e >= 0);
  const write = clusterWriter(library);
  const id = write.cluster({
    uid,
    scene,
    name,
    source: first.source,
    points: n,
    observations: merged.obsPoint.length,
    meanError: known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length,
    state: 'replaced',
  });
  let base = 0;
  loaded.forEach((part, p) => {
    const at = new Map(part.views.map((v, i) => [v.index, base + i]));
    for (const v of part.views)
      write.view(id, {
        index: at.get(v.index)!,
        photo: v.photo,
        name: v.name,
        camera: v.camera,
        pose: v.pose === null ? null : moved(v.pose, placed[p]!),
        seen: v.seen,
      });
    copyPairs(library, parts[p]!.cluster, id, at);
    base += part.views.length;
  });
  return { id, uid, aligned };
}

function copyPairs(library: Library, from: number, to: number, at: ReadonlyMap<number, number>): void {
  const { db } = library;
  const write = clusterWriter(library);
  const pairs = select(
    db,
    'SELECT a, b, shared, scale FROM pair_all WHERE cluster_id = ?',
    record({ a: integer, b: integer, shared: integer, scale: nullable(real) }),
  );
  // Views keep their order, so that a stays below b.
  for (const { a, b, shared, scale } of pairs.all(from))
    if (at.has(a) && at.has(b)) write.pair(to, at.get(a)!, at.get(b)!, shared, scale);
  const given = select(
    db,
    'SELECT query_view, positive_view FROM given_pair_all WHERE cluster_id = ?',
    list(integer, integer),
  );
  for (const [q, p] of given.all(from)) if (at.has(q) && at.has(p)) write.given(to, at.get(q)!, at.get(p)!);
}

function load(library: Library, part: ClusterPart): LoadedPart {
  const { uid, points, observations } = select(
    library.db,
    'SELECT uid, points, observations FROM cluster_all WHERE id = ?',
    record({ uid: text, points: integer, observations: integer }),
  ).one(part.cluster);
  const chosen = new Set(part.views);
  const rows = select(
    library.db,
    'SELECT view_index AS idx, photo_id AS photo, name, camera, pose, points_seen AS seen FROM view_all WHERE cluster_id = ? ORDER BY view_index',
    record({
      idx: integer,
      photo: nullable(integer),
      name: text,
      camera: json(storedCamera),
      pose: json(storedPose),
      seen: integer,
    }),
  ).all(part.cluster);
  // Clusters of given pairs have no arrays.
  const read = (name: string, length: number): ArrayLike<number> =>
    points === 0 && observations === 0 ? [] : readArray(library, library.file('clusters', uid, `${name}.npy`), length);
  const offsets = read('view_offsets', rows.length + 1);
  const obs = read('observation_points', observations);
  const xy = read('observation_xy', 2 * observations);
  // Arrays that an older version wrote have no digest: what they say must at least be of this cluster.
  for (let v = 0; v < offsets.length; v += 1)
    if (offsets[v]! < (offsets[v - 1] ?? 0) || offsets[v]! > observations)
      throw unreadable(library.file('clusters', uid, 'view_offsets.npy'));
  for (let k = 0; k < obs.length; k += 1)
    if (!(obs[k]! < points)) throw unreadable(library.file('clusters', uid, 'observation_points.npy'));
  const kept = rows.filter((r) => chosen.has(r.idx));
  const own = [0];
  for (const r of kept) own.push(own.at(-1)! + ((offsets[r.idx + 1] ?? 0) - (offsets[r.idx] ?? 0)));
  const obsPoint = new Uint32Array(own.at(-1)!);
  const obsXy = new Float32Array(2 * obsPoint.length);
  kept.forEach((r, i) => {
    for (let k = own[i]!, o = offsets[r.idx] ?? 0; k < own[i + 1]!; k += 1, o += 1) {
      obsPoint[k] = obs[o]!;
      obsXy[2 * k] = xy[2 * o]!;
      obsXy[2 * k + 1] = xy[2 * o + 1]!;
    }
  });
  return {
    uid,
    views: kept.map((r) => ({
      index: r.idx,
      photo: r.photo,
      name: r.name,
      camera: r.camera,
      pose: r.pose,
      seen: r.seen,
    })),
    points: Float32Array.from(read('points', 3 * points)),
    colours: Uint8Array.from(read('colours', 3 * points)),
    errors: Float32Array.from(read('errors', points)),
    offsets: Uint32Array.from(own),
    obsPoint,
    obsXy,
  };
}

function unreadable(file: string, cause?: unknown): CovisError {
  return new CovisError(
    'INPUT_CORRUPT',
    'The 3D points of this cluster cannot be read, so it is neither split nor merged',
    { file, hint: 'Import its model again, or covis check LIB --repair.', cause },
  );
}

/** @throws CovisError `INPUT_CORRUPT` for an array that is not there, damaged or of another length. */
function readArray(library: Library, file: string, length: number): ArrayLike<number> {
  let data: ArrayLike<number>;
  try {
    data = readNpy(file).data;
    if (data.length === length) verifyStored(library, [file]);
  } catch (cause) {
    if (!(cause instanceof CovisError)) throw cause;
    throw unreadable(file, cause);
  }
  if (data.length !== length) throw unreadable(file);
  return data;
}

/** Where each part goes: the first stays. */
function place(parts: readonly LoadedPart[]): { placed: Similarity[]; aligned: boolean } {
  const placed = [IDENTITY];
  let aligned = true;
  const [first] = parts;
  const centres = new Map(
    first!.views.flatMap((v) =>
      v.photo === null || v.pose === null ? [] : [[v.photo, cameraCentre(v.pose)] as const],
    ),
  );
  let right = extent(first!)[1];
  for (const part of parts.slice(1)) {
    const common = part.views.flatMap((v) =>
      v.photo !== null && v.pose !== null && centres.has(v.photo)
        ? [[cameraCentre(v.pose), centres.get(v.photo)!] as const]
        : [],
    );
    if (common.length >= COMMON_PHOTOS)
      placed.push(
        similarity(
          common.map((c) => c[0]),
          common.map((c) => c[1]),
        ),
      );
    else {
      aligned = aligned && part.points.length === 0;
      const [low, high] = extent(part);
      placed.push({ ...IDENTITY, shift: [right - low + 0.2 * (high - low), 0, 0] });
      right += 1.2 * (high - low);
    }
  }
  return { placed, aligned };
}

/** Where the middle nine tenths of the points lie along x. */
function extent(part: LoadedPart): [number, number] {
  const x = Float32Array.from({ length: part.points.length / 3 }, (_, i) => part.points[3 * i]!).sort();
  return x.length === 0 ? [0, 1] : [x[Math.floor(0.05 * x.length)]!, x[Math.floor(0.95 * (x.length - 1))]!];
}

/** The similarity that takes points onto others with least squares (Umeyama 1991). */
export function similarity(from: readonly (readonly number[])[], to: readonly (readonly number[])[]): Similarity {
  const n = from.length;
  const mean = (p: readonly (readonly number[])[]): number[] =>
    [0, 1, 2].map((k) => p.reduce((s, x) => s + x[k]!, 0) / n);
  const [a, b] = [mean(from), mean(to)];
  const covariance = Matrix.zeros(3, 3);
  let variance = 0;
  from.forEach((p, i) => {
    for (let r = 0; r < 3; r += 1) {
      variance += (p[r]! - a[r]!) ** 2 / n;
      for (let c = 0; c < 3; c += 1)
        covariance.set(r, c, covariance.get(r, c) + ((to[i]![r]! - b[r]!) * (p[c]! - a[c]!)) / n);
    }
  });
  const svd = new SingularValueDecomposition(covariance);
  const [u, v] = [svd.leftSingularVectors, svd.rightSingularVectors];
  const determinant = (m: Matrix): number =>
    m.get(0, 0) * (m.get(1, 1) * m.get(2, 2) - m.get(1, 2) * m.get(2, 1)) -
    m.get(0, 1) * (m.get(1, 0) * m.get(2, 2) - m.get(1, 2) * m.get(2, 0)) +
    m.get(0, 2) * (m.get(1, 0) * m.get(2, 1) - m.get(1, 1) * m.get(2, 0));
  const sign = Math.sign(determinant(u) * determinant(v)) || 1;
  const d = Matrix.diag([1, 1, sign]);
  const r = u.mmul(d).mmul(v.transpose());
  const s = svd.diagonal;
  const scale = variance > 0 ? (s[0]! + s[1]! + sign * s[2]!) / variance : 1;
  const rotation = Float64Array.from(r.to1DArray());
  const turned = apply(rotation, a);
  return { scale, rotation, shift: [0, 1, 2].map((k) => b[k]! - scale * turned[k]!) as [number, number, number] };
}

function apply(r: Float64Array, x: ArrayLike<number>): [number, number, number] {
  return [0, 1, 2].map((k) => r[3 * k]! * x[0]! + r[3 * k + 1]! * x[1]! + r[3 * k + 2]! * x[2]!) as [
    number,
    number,
    number,
  ];
}

/** The pose in the moved world; lengths in the camera's frame are scaled, too. */
function moved(pose: Pose, s: Similarity): Pose {
  if (s === IDENTITY) return pose;
  const r = rotationMatrix(pose.rotation);
  const own = new Float64Array(9);
  for (let i = 0; i < 3; i += 1)
    for (let j = 0; j < 3; j += 1)
      own[3 * i + j] = [0, 1, 2].reduce((sum, k) => sum + r[3 * i + k]! * s.rotation[3 * j + k]!, 0);
  const t = apply(own, s.shift);
  return {
    rotation: quaternionOf(own),
    translation: [0, 1, 2].map((k) => s.scale * pose.translation[k]! - t[k]!) as [number, number, number],
  };
}

/** Arrays of all parts one after the other, without points that nobody sees. */
function joined(
  parts: readonly LoadedPart[],
  placed: readonly Similarity[],
): {
  points: Float32Array;
  colours: Uint8Array;
  errors: Float32Array;
  tracks: Uint32Array;
  offsets: Uint32Array;
  obsPoint: Uint32Array;
  obsXy: Float32Array;
} {
  const points: number[] = [];
  const colours: number[] = [];
  const errors: number[] = [];
  const tracks: number[] = [];
  const offsets = [0];
  const obs: Uint32Array[] = [];
  const xy: Float32Array[] = [];
  let base = 0;
  parts.forEach((part, p) => {
    const to = new Map<number, number>();
    const { scale, rotation, shift } = placed[p]!;
    const own = part.obsPoint.map((point) => {
      let at = to.get(point);
      if (at === undefined) {
        to.set(point, (at = errors.length));
        const turned = apply(rotation, part.points.subarray(3 * point, 3 * point + 3));
        for (let k = 0; k < 3; k += 1) {
          points.push(scale * turned[k]! + shift[k]!);
          colours.push(part.colours[3 * point + k]!);
        }
        errors.push(part.errors[point]!);
        tracks.push(0);
      }
      tracks[at]! += 1;
      return at;
    });
    obs.push(own);
    xy.push(part.obsXy);
    for (const o of part.offsets.subarray(1)) offsets.push(base + o);
    base += own.length;
  });
  const obsPoint = new Uint32Array(base);
  const obsXy = new Float32Array(2 * base);
  let at = 0;
  obs.forEach((o, i) => {
    obsPoint.set(o, at);
    obsXy.set(xy[i]!, 2 * at);
    at += o.length;
  });
  return {
    points: Float32Array.from(points),
    colours: Uint8Array.from(colours),
    errors: Float32Array.from(errors),
    tracks: Uint32Array.from(tracks),
    offsets: Uint32Array.from(offsets),
    obsPoint,
    obsXy,
  };
}
