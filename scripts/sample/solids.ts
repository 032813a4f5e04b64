/** Ray tracing of convex solids and round ones, with a bounding volume hierarchy. World frame: x right, y back, z up, metres. */

export type Vec3 = [number, number, number];

export interface Surface {
  /** Index into the world's materials. */
  readonly material: number;
  /** Seed that varies the pattern from solid to solid. */
  readonly variant: number;
  /** False for what a feature detector would not track: ground, trees, far scenery. */
  readonly landmark: boolean;
}

type Shape =
  | { readonly kind: 'convex'; readonly planes: Float64Array }
  | {
      readonly kind: 'frustum';
      readonly centre: Vec3;
      readonly bottom: number;
      readonly top: number;
      readonly height: number;
    }
  | { readonly kind: 'sphere'; readonly centre: Vec3; readonly radius: number; readonly squash: number };

export type Solid = Surface & { readonly shape: Shape; readonly min: Vec3; readonly max: Vec3 };

export interface Hit {
  t: number;
  solid: Solid | null;
  nx: number;
  ny: number;
  nz: number;
}

/** A box that stands on `base` (centre of its floor), turned by `yaw` radians about z. */
export function box(base: Vec3, size: Vec3, surface: Surface, yaw = 0): Solid {
  return prism(
    base,
    [
      [-size[0] / 2, -size[1] / 2],
      [size[0] / 2, -size[1] / 2],
      [size[0] / 2, size[1] / 2],
      [-size[0] / 2, size[1] / 2],
    ],
    size[2],
    1,
    surface,
    yaw,
  );
}

/** An upright prism over a convex counter-clockwise outline, whose top is the outline scaled by `taper` (0 is a pyramid). */
export function prism(
  base: Vec3,
  outline: [number, number][],
  height: number,
  taper: number,
  surface: Surface,
  yaw = 0,
): Solid {
  const c = Math.cos(yaw);
  const s = Math.sin(yaw);
  const at = (x: number, y: number, z: number): Vec3 => [base[0] + c * x - s * y, base[1] + s * x + c * y, base[2] + z];
  const planes: number[] = [0, 0, -1, -base[2], 0, 0, 1, base[2] + height];
  outline.forEach((p, i) => {
    const q = outline[(i + 1) % outline.length]!;
    pushPlane(
      planes,
      at(p[0], p[1], 0),
      at(q[0], q[1], 0),
      taper > 0 ? at(p[0] * taper, p[1] * taper, height) : at(0, 0, height),
    );
  });
  const points = outline.flatMap((p) => [at(p[0], p[1], 0), at(p[0] * taper, p[1] * taper, height)]);
  return { ...surface, shape: { kind: 'convex', planes: Float64Array.from(planes) }, ...bounds(points) };
}

/** A gable roof: ridge along the local x axis. */
export function gable(base: Vec3, size: Vec3, surface: Surface, yaw = 0): Solid {
  const c = Math.cos(yaw);
  const s = Math.sin(yaw);
  const [w, d, h] = [size[0] / 2, size[1] / 2, size[2]];
  const at = (x: number, y: number, z: number): Vec3 => [base[0] + c * x - s * y, base[1] + s * x + c * y, base[2] + z];
  const planes: number[] = [0, 0, -1, -base[2]];
  pushPlane(planes, at(-w, -d, 0), at(w, -d, 0), at(-w, 0, h));
  pushPlane(planes, at(w, d, 0), at(-w, d, 0), at(w, 0, h));
  pushPlane(planes, at(w, -d, 0), at(w, d, 0), at(w, 0, h));
  pushPlane(planes, at(-w, d, 0), at(-w, -d, 0), at(-w, 0, h));
  const points = [at(-w, -d, 0), at(w, -d, 0), at(-w, d, 0), at(w, d, 0), at(-w, 0, h), at(w, 0, h)];
  return { ...surface, shape: { kind: 'convex', planes: Float64Array.from(planes) }, ...bounds(points) };
}

/** An upright cylinder or cone that stands on `base`. */
export function round(base: Vec3, bottom: number, top: number, height: number, surface: Surface): Solid {
  const r = Math.max(bottom, top);
  return {
    ...surface,
    shape: { kind: 'frustum', centre: base, bottom, top, height },
    min: [base[0] - r, base[1] - r, base[2]],
    max: [base[0] + r, base[1] + r, base[2] + height],
  };
}

/** A sphere, flattened or stretched along z by `squash`. */
export function ball(centre: Vec3, radius: number, surface: Surface, squash = 1): Solid {
  const rz = radius * squash;
  return {
    ...surface,
    shape: { kind: 'sphere', centre, radius, squash },
    min: [centre[0] - radius, centre[1] - radius, centre[2] - rz],
    max: [centre[0] + radius, centre[1] + radius, centre[2] + rz],
  };
}

function pushPlane(planes: number[], a: Vec3, b: Vec3, c: Vec3): void {
  const u = [b[0] - a[0], b[1] - a[1], b[2] - a[2]] as const;
  const v = [c[0] - a[0], c[1] - a[1], c[2] - a[2]] as const;
  const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]] as const;
  const l = Math.hypot(...n);
  planes.push(n[0] / l, n[1] / l, n[2] / l, (n[0] * a[0] + n[1] * a[1] + n[2] * a[2]) / l);
}

function bounds(points: Vec3[]): { min: Vec3; max: Vec3 } {
  const min: Vec3 = [Infinity, Infinity, Infinity];
  const max: Vec3 = [-Infinity, -Infinity, -Infinity];
  for (const p of points)
    for (let k = 0; k < 3; k += 1) {
      min[k] = Math.min(min[k]!, p[k]!);
      max[k] = Math.max(max[k]!, p[k]!);
    }
  return { min, max };
}

function hitShape(s: Solid, ox: number, oy: number, oz: number, dx: number, dy: number, dz: number, hit: Hit): void {
  const shape = s.shape;
  if (shape.kind === 'convex') {
    const p = shape.planes;
    let near = 1e-6;
    let far = hit.t;
    let at = -1;
    for (let i = 0; i < p.length; i += 4) {
      const denominator = p[i]! * dx + p[i + 1]! * dy + p[i + 2]! * dz;
      const distance = p[i + 3]! - (p[i]! * ox + p[i + 1]! * oy + p[i + 2]! * oz);
      if (Math.abs(denominator) < 1e-12) {
        if (distance < 0) return;
      } else if (denominator < 0) {
        const t = distance / denominator;
        if (t > near) {
          near = t;
          at = i;
        }
      } else {
        const t = distance / denominator;
        if (t < far) far = t;
      }
      if (near > far) return;
    }
    if (at < 0) return;
    record(hit, near, s, p[at]!, p[at + 1]!, p[at + 2]!);
  } else if (shape.kind === 'sphere') {
    const q = 1 / shape.squash;
    const x = ox - shape.centre[0];
    const y = oy - shape.centre[1];
    const z = (oz - shape.centre[2]) * q;
    const ez = dz * q;
    const a = dx * dx + dy * dy + ez * ez;
    const b = x * dx + y * dy + z * ez;
    const root = b * b - a * (x * x + y * y + z * z - shape.radius ** 2);
    if (root < 0) return;
    const t = (-b - Math.sqrt(root)) / a;
    if (t < 1e-6 || t > hit.t) return;
    const n: Vec3 = [x + t * dx, y + t * dy, (z + t * ez) * q];
    const l = Math.hypot(...n);
    record(hit, t, s, n[0] / l, n[1] / l, n[2] / l);
  } else {
    const { centre, bottom, top, height } = shape;
    const k = (top - bottom) / height;
    const x = ox - centre[0];
    const y = oy - centre[1];
    const z = oz - centre[2];
    const r = bottom + k * z;
    const a = dx * dx + dy * dy - k * k * dz * dz;
    const b = x * dx + y * dy - k * dz * r;
    const root = b * b - a * (x * x + y * y - r * r);
    if (root >= 0 && Math.abs(a) > 1e-12) {
      const sq = Math.sqrt(root);
      for (const t of a > 0 ? [(-b - sq) / a, (-b + sq) / a] : [(-b + sq) / a, (-b - sq) / a]) {
        const hz = z + t * dz;
        if (t < 1e-6 || t > hit.t || hz < 0 || hz > height) continue;
        const nx = x + t * dx;
        const ny = y + t * dy;
        const nz = -k * (bottom + k * hz);
        if (nx * dx + ny * dy + nz * dz > 0) continue;
        const l = Math.hypot(nx, ny, nz);
        record(hit, t, s, nx / l, ny / l, nz / l);
        break;
      }
    }
    if (dz < 0) {
      const t = (height - z) / dz;
      if (t > 1e-6 && t < hit.t && (x + t * dx) ** 2 + (y + t * dy) ** 2 <= top * top) record(hit, t, s, 0, 0, 1);
    }
  }
}

function record(hit: Hit, t: number, solid: Solid, nx: number, ny: number, nz: number): void {
  hit.t = t;
  hit.solid = solid;
  hit.nx = nx;
  hit.ny = ny;
  hit.nz = nz;
}

interface Box {
  readonly min: Vec3;
  readonly max: Vec3;
  readonly left: Box | null;
  readonly right: Box | null;
  readonly solids: readonly Solid[];
}

/** Nearest hit along a ray, over a hierarchy of boxes. */
export class Scene {
  readonly #root: Box;

  constructor(solids: readonly Solid[]) {
    this.#root = build([...solids]);
  }

  /** Fills `hit` with the nearest hit closer than `far`; `hit.solid` is null for none. Directions have unit length. */
  trace(ox: number, oy: number, oz: number, dx: number, dy: number, dz: number, far: number, hit: Hit): void {
    hit.t = far;
    hit.solid = null;
    visit(this.#root, ox, oy, oz, dx, dy, dz, 1 / dx, 1 / dy, 1 / dz, hit);
  }
}

function visit(
  b: Box,
  ox: number,
  oy: number,
  oz: number,
  dx: number,
  dy: number,
  dz: number,
  ix: number,
  iy: number,
  iz: number,
  hit: Hit,
): void {
  const x1 = (b.min[0] - ox) * ix;
  const x2 = (b.max[0] - ox) * ix;
  const y1 = (b.min[1] - oy) * iy;
  const y2 = (b.max[1] - oy) * iy;
  const z1 = (b.min[2] - oz) * iz;
  const z2 = (b.max[2] - oz) * iz;
  const near = Math.max(Math.min(x1, x2), Math.min(y1, y2), Math.min(z1, z2));
  const far = Math.min(Math.max(x1, x2), Math.max(y1, y2), Math.max(z1, z2));
  if (!(near <= far) || far < 0 || near > hit.t) return;
  if (b.left === null) {
    for (const s of b.solids) hitShape(s, ox, oy, oz, dx, dy, dz, hit);
    return;
  }
  visit(b.left, ox, oy, oz, dx, dy, dz, ix, iy, iz, hit);
  visit(b.right!, ox, oy, oz, dx, dy, dz, ix, iy, iz, hit);
}

function build(solids: Solid[]): Box {
  const all = bounds(solids.flatMap((s) => [s.min, s.max]));
  if (solids.length <= 3) return { ...all, left: null, right: null, solids };
  const extent = all.max.map((m, k) => m - all.min[k]!);
  const axis = extent.indexOf(Math.max(...extent));
  solids.sort((a, b) => a.min[axis]! + a.max[axis]! - b.min[axis]! - b.max[axis]!);
  const half = solids.length >> 1;
  return { ...all, left: build(solids.slice(0, half)), right: build(solids.slice(half)), solids: [] };
}
