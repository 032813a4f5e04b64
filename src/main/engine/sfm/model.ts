/** Sparse 3D models as structures of arrays, in COLMAP's conventions (methods.md 9.4). */

/** One COLMAP camera: `model` is its name, `params` in the model's own order. Sizes in pixels. */
export interface Camera {
  readonly id: number;
  readonly model: string;
  readonly width: number;
  readonly height: number;
  readonly params: readonly number[];
}

/** A registered image. The pose is `cam_from_world`: X_cam = R(q) X_world + t, q = (w, x, y, z). */
export interface View {
  readonly imageId: number;
  readonly name: string;
  readonly cameraId: number;
  readonly rotation: readonly [number, number, number, number];
  readonly translation: readonly [number, number, number];
}

/** A pose as in {@link View}. */
export type Pose = Pick<View, 'rotation' | 'translation'>;

/** Which camera (type 0) or other sensor, by COLMAP's numbers. */
export interface Sensor {
  readonly type: number;
  readonly id: number;
}

/** Cameras that are mounted together. The first sensor is the reference; the others' poses are `sensor_from_rig`, where known. */
export interface Rig {
  readonly id: number;
  readonly sensors: readonly (Sensor & { readonly pose?: Pose })[];
}

/** What a rig took at one moment; the pose is `rig_from_world`. `data` is an image's id where the sensor is a camera. */
export interface Frame {
  readonly id: number;
  readonly rigId: number;
  readonly pose: Pose;
  readonly data: readonly (Sensor & { readonly data: number })[];
}

export interface Rigs {
  readonly rigs: readonly Rig[];
  readonly frames: readonly Frame[];
}

/**
 * A sparse reconstruction. Observations without a 3D point are not kept.
 * `viewOffsets[v] .. viewOffsets[v+1]` are the observations of view v; `obsPoint` indexes the points;
 * `obsXy` are pixels in the sensor frame (before EXIF orientation), origin at the top-left corner.
 */
export interface SparseModel {
  readonly cameras: readonly Camera[];
  readonly views: readonly View[];
  readonly viewOffsets: Uint32Array;
  readonly obsPoint: Uint32Array;
  readonly obsXy: Float32Array;
  readonly pointXyz: Float64Array;
  readonly pointRgb: Uint8Array;
  /** Mean reprojection error of each point in pixels; -1 where unknown. */
  readonly pointError: Float32Array;
  readonly pointTrackLength: Uint32Array;
  /** Keypoint size of each observation in pixels, where there are no depths to tell scale changes from (methods.md 1.2). */
  readonly obsScale?: Float32Array;
  /** Rigs and frames of COLMAP 4, where the model says them. */
  readonly rigs?: Rigs;
  /** Verified matches without cameras: views have no pose, points no position. */
  readonly matchesOnly?: boolean;
}

/** Whether three rows of three are a rotation, up to what is lost in printing: orthogonal rows of length one, right-handed. */
export function isRotation(r: ArrayLike<number>): boolean {
  const dot = (i: number, j: number): number =>
    r[3 * i]! * r[3 * j]! + r[3 * i + 1]! * r[3 * j + 1]! + r[3 * i + 2]! * r[3 * j + 2]!;
  for (let i = 0; i < 3; i += 1)
    for (let j = i; j < 3; j += 1) if (!(Math.abs(dot(i, j) - (i === j ? 1 : 0)) < 0.05)) return false;
  const cross = [r[1]! * r[5]! - r[2]! * r[4]!, r[2]! * r[3]! - r[0]! * r[5]!, r[0]! * r[4]! - r[1]! * r[3]!];
  return cross[0]! * r[6]! + cross[1]! * r[7]! + cross[2]! * r[8]! > 0;
}

/** Unit quaternion (w, x, y, z) of a row-major rotation matrix. */
export function quaternionOf(r: ArrayLike<number>): [number, number, number, number] {
  const [a, b, c, d, e, f, g, h, i] = Array.from({ length: 9 }, (_, k) => r[k]!) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // The largest of the four squared components is computed from the diagonal, so that nothing is divided by almost nothing.
  const squares = [1 + a + e + i, 1 + a - e - i, 1 - a + e - i, 1 - a - e + i];
  const best = squares.indexOf(Math.max(...squares));
  const s = 2 * Math.sqrt(Math.max(squares[best]!, 1e-300));
  const q: [number, number, number, number] =
    best === 0
      ? [s / 4, (h - f) / s, (c - g) / s, (d - b) / s]
      : best === 1
        ? [(h - f) / s, s / 4, (b + d) / s, (c + g) / s]
        : best === 2
          ? [(c - g) / s, (b + d) / s, s / 4, (f + h) / s]
          : [(d - b) / s, (c + g) / s, (f + h) / s, s / 4];
  const norm = Math.hypot(...q) || 1;
  return q.map((x) => x / norm) as [number, number, number, number];
}

/** Translation of a pose from its rotation and the camera's centre: t = -R c. */
export function translationOf(r: ArrayLike<number>, centre: readonly number[]): [number, number, number] {
  return [0, 1, 2].map((k) => -(r[3 * k]! * centre[0]! + r[3 * k + 1]! * centre[1]! + r[3 * k + 2]! * centre[2]!)) as [
    number,
    number,
    number,
  ];
}

interface CameraModelInfo {
  readonly name: string;
  readonly params: number;
  /** How many leading parameters are focal lengths; 0 for models without one. */
  readonly focals: number;
}

/** COLMAP's camera models by id. */
export const CAMERA_MODELS: readonly CameraModelInfo[] = [
  { name: 'SIMPLE_PINHOLE', params: 3, focals: 1 },
  { name: 'PINHOLE', params: 4, focals: 2 },
  { name: 'SIMPLE_RADIAL', params: 4, focals: 1 },
  { name: 'RADIAL', params: 5, focals: 1 },
  { name: 'OPENCV', params: 8, focals: 2 },
  { name: 'OPENCV_FISHEYE', params: 8, focals: 2 },
  { name: 'FULL_OPENCV', params: 12, focals: 2 },
  { name: 'FOV', params: 5, focals: 2 },
  { name: 'SIMPLE_RADIAL_FISHEYE', params: 4, focals: 1 },
  { name: 'RADIAL_FISHEYE', params: 5, focals: 1 },
  { name: 'THIN_PRISM_FISHEYE', params: 12, focals: 2 },
  { name: 'RAD_TAN_THIN_PRISM_FISHEYE', params: 16, focals: 2 },
  { name: 'SIMPLE_DIVISION', params: 4, focals: 1 },
  { name: 'DIVISION', params: 5, focals: 2 },
  { name: 'SIMPLE_FISHEYE', params: 3, focals: 1 },
  { name: 'FISHEYE', params: 4, focals: 2 },
  { name: 'EUCM', params: 6, focals: 2 },
  { name: 'EQUIRECTANGULAR', params: 2, focals: 0 },
];

/** Focal length in pixels of the camera's own image size; the width over 2 pi for panoramas. */
export function focalLength(camera: Camera): number {
  const info = CAMERA_MODELS.find((m) => m.name === camera.model);
  const p = camera.params;
  if (info?.focals === 2) return ((p[0] ?? 0) + (p[1] ?? 0)) / 2;
  if (info?.focals === 1) return p[0] ?? 0;
  return camera.width / (2 * Math.PI);
}

/** Row-major rotation matrix of a unit quaternion (w, x, y, z); normalises first. */
export function rotationMatrix(q: readonly [number, number, number, number]): Float64Array {
  const norm = Math.hypot(...q) || 1;
  const [w, x, y, z] = q.map((v) => v / norm) as [number, number, number, number];
  return Float64Array.of(
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
  );
}

/** Camera centre in the world frame: -R^T t. */
export function cameraCentre(view: Pick<View, 'rotation' | 'translation'>): [number, number, number] {
  const r = rotationMatrix(view.rotation);
  const [a, b, c] = view.translation;
  return [0, 1, 2].map((i) => -(r[i]! * a + r[3 + i]! * b + r[6 + i]! * c)) as [number, number, number];
}

/** Mean over points of their reprojection error in pixels, as COLMAP's model_analyzer reports it; NaN if unknown. */
export function meanReprojectionError(errors: Float32Array): number {
  let sum = 0;
  let n = 0;
  for (const e of errors) {
    if (e >= 0) {
      sum += e;
      n += 1;
    }
  }
  return n === 0 ? Number.NaN : sum / n;
}
