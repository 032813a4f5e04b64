import type { ClusterView } from '../../shared/domain.ts';

/** Where the model is brought for viewing: p -> rotation (p - centre) * scale, y up, most points within a unit or so. */
export interface ViewingFrame {
  readonly centre: readonly [number, number, number];
  readonly scale: number;
  /** Row-major 3x3. */
  readonly rotation: readonly number[];
}

type Vec3 = readonly [number, number, number];

function unit(v: Vec3): Vec3 {
  const l = Math.hypot(...v) || 1;
  return [v[0] / l, v[1] / l, v[2] / l];
}
function cross(a: Vec3, b: Vec3): Vec3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function quantile(sorted: Float32Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

/** Direction that is up in the displayed photo, in the camera frame, by EXIF orientation. */
export function photoUp(orientation: number): Vec3 {
  switch (orientation) {
    case 3:
    case 4:
      return [0, 1, 0];
    case 5:
    case 6:
      return [-1, 0, 0];
    case 7:
    case 8:
      return [1, 0, 0];
    default:
      return [0, -1, 0];
  }
}

/**
 * Centres on the median point, scales by the 5 to 95 percentile, and turns the cameras' mean up direction to +y
 * and their mean viewing direction to -z, because a model's own axes mean nothing.
 */
export function viewingFrame(points: Float32Array, views: readonly ClusterView[]): ViewingFrame {
  const n = points.length / 3;
  const axes = [0, 1, 2].map((k) => {
    const values = new Float32Array(n);
    for (let i = 0; i < n; i += 1) values[i] = points[3 * i + k]!;
    return values.sort();
  });
  const centre = axes.map((a) => quantile(a, 0.5)) as [number, number, number];
  const extent = Math.max(...axes.map((a) => quantile(a, 0.95) - quantile(a, 0.05)), 1e-9);
  let up: Vec3 = [0, 0, 0];
  let forward: Vec3 = [0, 0, 0];
  for (const v of views) {
    const r = v.rotation as number[];
    const u = photoUp(v.orientation);
    const world = [0, 1, 2].map((k) => r[k]! * u[0] + r[3 + k]! * u[1] + r[6 + k]! * u[2]);
    up = [up[0] + world[0]!, up[1] + world[1]!, up[2] + world[2]!];
    forward = [forward[0] + r[6]!, forward[1] + r[7]!, forward[2] + r[8]!];
  }
  const y = unit(Math.hypot(...up) < 1e-6 ? [0, -1, 0] : up);
  const flat: Vec3 = [
    forward[0] - dot(forward, y) * y[0],
    forward[1] - dot(forward, y) * y[1],
    forward[2] - dot(forward, y) * y[2],
  ];
  const z = unit(Math.hypot(...flat) < 1e-6 ? cross(y, [1, 0, 0]) : ([-flat[0], -flat[1], -flat[2]] as Vec3));
  const x = cross(y, z);
  return { centre, scale: 2 / extent, rotation: [...x, ...y, ...z] };
}

/** Brings a point of the model into the viewing frame. */
export function toViewing(f: ViewingFrame, p: Vec3): [number, number, number] {
  const d = [(p[0] - f.centre[0]) * f.scale, (p[1] - f.centre[1]) * f.scale, (p[2] - f.centre[2]) * f.scale] as const;
  return [0, 1, 2].map(
    (k) => f.rotation[3 * k]! * d[0] + f.rotation[3 * k + 1]! * d[1] + f.rotation[3 * k + 2]! * d[2],
  ) as [number, number, number];
}

/** Corners of the image plane and the camera's centre, in the viewing frame. `size` is the depth of the frustum there. */
export function frustum(
  f: ViewingFrame,
  v: ClusterView,
  size: number,
): { centre: [number, number, number]; corners: [number, number, number][] } {
  const r = v.rotation as number[];
  const depth = size / f.scale;
  const w = (0.5 / v.focal) * depth;
  const h = w * v.aspect;
  const corner = (sx: number, sy: number): [number, number, number] => {
    const c = [sx * w, sy * h, depth] as const;
    return toViewing(
      f,
      [0, 1, 2].map((k) => v.position[k]! + r[k]! * c[0] + r[3 + k]! * c[1] + r[6 + k]! * c[2]) as [
        number,
        number,
        number,
      ],
    );
  };
  return {
    centre: toViewing(f, v.position as [number, number, number]),
    corners: [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)],
  };
}

/** Texture coordinates (v up) of the four sensor corners of {@link frustum} for a photo that is shown upright. */
export function cornerTexture(orientation: number): readonly [number, number][] {
  const sensor: [number, number][] = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ];
  return sensor.map(([x, y]) => {
    const turned: Record<number, [number, number]> = {
      2: [1 - x, y],
      3: [1 - x, 1 - y],
      4: [x, 1 - y],
      5: [y, x],
      6: [1 - y, x],
      7: [1 - y, 1 - x],
      8: [y, 1 - x],
    };
    const [u, v] = turned[orientation] ?? [x, y];
    return [u, 1 - v];
  });
}
