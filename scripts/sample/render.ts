import { random } from '../../src/main/engine/library/random.ts';
import { fractal, type Shade } from './materials.ts';
import type { Place } from './buildings.ts';
import { type Scene, type Hit, type Vec3 } from './solids.ts';

/** A pinhole camera in the world. Rows of `rotation` are the camera's right, down and forward axes: cam_from_world. */
export interface SampleCamera {
  readonly width: number;
  readonly height: number;
  /** Pixels. */
  readonly focal: number;
  readonly centre: Vec3;
  readonly rotation: readonly [Vec3, Vec3, Vec3];
}

export interface Light {
  readonly sun: Vec3;
  readonly sunColour: Vec3;
  readonly sky: Vec3;
  readonly horizon: Vec3;
  readonly clouds: number;
  /** Strength of lit windows. */
  readonly glow: number;
  readonly exposure: number;
  readonly haze: number;
}

const KINDS = ['noon', 'morning', 'golden', 'overcast', 'dusk', 'clear'] as const;

/** Draws one of six kinds of weather and hour. */
export function drawLight(seed: number, index: number): Light {
  const r = random(seed);
  const kind = KINDS[index % KINDS.length]!;
  // The front faces -y, so the sun stands on that side, wandering from east to west.
  const azimuth = -Math.PI / 2 + r.between(-1.35, 1.35);
  const elevation =
    { noon: 1.0, morning: 0.5, golden: 0.2, overcast: 0.9, dusk: 0.1, clear: 0.75 }[kind] + r.between(-0.06, 0.1);
  const sun: Vec3 = [
    Math.cos(azimuth) * Math.cos(elevation),
    Math.sin(azimuth) * Math.cos(elevation),
    Math.sin(elevation),
  ];
  const base = { sun, clouds: r.next(), haze: r.between(0.0004, 0.0014), exposure: r.between(0.42, 0.56) };
  switch (kind) {
    case 'noon':
      return { ...base, sunColour: [2.5, 2.4, 2.2], sky: [0.24, 0.42, 0.78], horizon: [0.66, 0.76, 0.88], glow: 0 };
    case 'morning':
      return { ...base, sunColour: [2.4, 2.1, 1.7], sky: [0.3, 0.46, 0.74], horizon: [0.86, 0.8, 0.74], glow: 0 };
    case 'golden':
      return { ...base, sunColour: [2.9, 1.75, 0.85], sky: [0.3, 0.36, 0.56], horizon: [0.98, 0.66, 0.42], glow: 0.15 };
    case 'overcast':
      return {
        ...base,
        sunColour: [0.22, 0.22, 0.23],
        sky: [0.72, 0.75, 0.8],
        horizon: [0.86, 0.87, 0.88],
        glow: 0.05,
        exposure: base.exposure * 1.05,
        haze: base.haze * 2,
      };
    case 'dusk':
      return {
        ...base,
        sunColour: [0.34, 0.2, 0.2],
        sky: [0.16, 0.22, 0.42],
        horizon: [0.72, 0.45, 0.4],
        glow: 1.5,
        exposure: base.exposure * 1.3,
      };
    case 'clear':
      return {
        ...base,
        sunColour: [2.3, 2.2, 2.05],
        sky: [0.16, 0.34, 0.72],
        horizon: [0.56, 0.7, 0.88],
        glow: 0,
        clouds: 0.1,
      };
  }
}

/** Draws a camera that looks at the front of the place from one of many sides and distances. */
export function drawCamera(place: Place, seed: number, index: number, count: number): SampleCamera {
  const r = random(seed);
  const portrait = index % 4 === 1;
  const [width, height] = portrait ? [462, 616] : [616, 462];
  const spread = ((index + 0.5) / count - 0.5) * 2;
  const azimuth = -Math.PI / 2 + spread * 1.05 + r.between(-0.12, 0.12);
  const size = Math.max(place.height, place.width * 0.8);
  // Every third view is closer, so that the scale really changes.
  const close = index % 3 === 2 ? r.between(0.85, 1.05) : r.between(1.25, 2.1);
  const focal = Math.max(width, height) * r.between(0.95, 1.3);
  const distance = place.width * 0.45 + size * close;
  const eye = r.next() < 0.72 ? 1.7 : r.between(3, place.height * 0.5);
  const centre: Vec3 = [distance * Math.cos(azimuth), distance * Math.sin(azimuth), eye];
  const fill = index % 3 === 2 ? r.between(0.4, 0.55) : r.between(0.38, 0.5);
  const target: Vec3 = [place.width * r.between(-0.12, 0.12), 0, Math.max(2, place.height * fill)];
  return { width, height, focal, centre, rotation: lookAt(centre, target, r.between(-0.03, 0.03)) };
}

function lookAt(from: Vec3, to: Vec3, roll: number): [Vec3, Vec3, Vec3] {
  const forward = unit([to[0] - from[0], to[1] - from[1], to[2] - from[2]]);
  const right = unit([forward[1], -forward[0], 0]);
  const down: Vec3 = [
    forward[1] * right[2] - forward[2] * right[1],
    forward[2] * right[0] - forward[0] * right[2],
    forward[0] * right[1] - forward[1] * right[0],
  ];
  const c = Math.cos(roll);
  const s = Math.sin(roll);
  const mix = (a: Vec3, b: Vec3, x: number, y: number): Vec3 => [
    a[0] * x + b[0] * y,
    a[1] * x + b[1] * y,
    a[2] * x + b[2] * y,
  ];
  return [mix(right, down, c, s), mix(down, right, c, -s), forward];
}

function unit(v: Vec3): Vec3 {
  const l = Math.hypot(...v);
  return [v[0] / l, v[1] / l, v[2] / l];
}

/** World direction of the ray through a pixel (continuous, pixel centres at .5). */
export function rayOf(c: SampleCamera, x: number, y: number): Vec3 {
  const u = (x - c.width / 2) / c.focal;
  const v = (y - c.height / 2) / c.focal;
  const [r, d, f] = c.rotation;
  return unit([r[0] * u + d[0] * v + f[0], r[1] * u + d[1] * v + f[1], r[2] * u + d[2] * v + f[2]]);
}

/** Pixel position and depth of a world point; depth is not positive behind the camera. */
export function project(c: SampleCamera, p: Vec3): { x: number; y: number; depth: number } {
  const v = [p[0] - c.centre[0], p[1] - c.centre[1], p[2] - c.centre[2]] as const;
  const [x, y, z] = c.rotation.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as [number, number, number];
  return { x: (c.focal * x) / z + c.width / 2, y: (c.focal * y) / z + c.height / 2, depth: z };
}

const SAMPLES = [
  [0.125, 0.375],
  [0.375, 0.875],
  [0.625, 0.125],
  [0.875, 0.625],
  [0.5, 0.5],
] as const;
const FAR = 1e4;

/** Renders one view as sRGB bytes, row-major RGB. */
export function render(place: Place, scene: Scene, camera: SampleCamera, light: Light, seed: number): Uint8Array {
  const r = random(seed);
  const { width, height } = camera;
  const out = new Uint8Array(width * height * 3);
  const colour: Vec3 = [0, 0, 0];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      let [a, b, c] = [0, 0, 0];
      for (const [sx, sy] of SAMPLES) {
        const d = rayOf(camera, x + sx, y + sy);
        radiance(place, scene, camera.centre, d, light, r.next(), r.next(), colour);
        // Averaged after the tone curve, so that bright edges stay smooth.
        a += tone(colour[0] * light.exposure);
        b += tone(colour[1] * light.exposure);
        c += tone(colour[2] * light.exposure);
      }
      const edge = Math.hypot((x / width - 0.5) * 1.1, (y / height - 0.5) * 1.1);
      const vignette = (1 - 0.28 * edge * edge) / SAMPLES.length;
      const grain = (r.next() - 0.5) * 0.012;
      const at = (y * width + x) * 3;
      out[at] = srgb(a * vignette + grain);
      out[at + 1] = srgb(b * vignette + grain);
      out[at + 2] = srgb(c * vignette + grain);
    }
  }
  return out;
}

/** A filmic shoulder. */
function tone(v: number): number {
  return (v * (2.51 * v + 0.03)) / (v * (2.43 * v + 0.59) + 0.14);
}

function srgb(v: number): number {
  const c = Math.max(0, Math.min(1, v));
  return Math.round(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055));
}

const hit: Hit = { t: 0, solid: null, nx: 0, ny: 0, nz: 0 };
const shadow: Hit = { t: 0, solid: null, nx: 0, ny: 0, nz: 0 };
const shade: Shade = { r: 0, g: 0, b: 0, glow: 0, gloss: 0 };
const above: Vec3 = [0, 0, 0];

function sky(d: Vec3, light: Light, out: Vec3): void {
  const up = Math.max(0, d[2]);
  const t = 1 - (1 - up) ** 2.4;
  const u = d[0] / (up + 0.18);
  const v = d[1] / (up + 0.18);
  const cover =
    Math.max(0, Math.min(1, (fractal(u * 1.7 + light.clouds * 40, v * 1.7, 5) - 0.62 + 0.3 * light.clouds) * 3.2)) *
    Math.min(1, up * 6);
  const toSun = Math.max(0, d[0] * light.sun[0] + d[1] * light.sun[1] + d[2] * light.sun[2]);
  for (let k = 0; k < 3; k += 1) {
    const clear = light.horizon[k]! * (1 - t) + light.sky[k]! * t;
    const cloud = light.horizon[k]! * 0.55 + 0.3 * light.sunColour[k]! + 0.12;
    out[k] =
      clear + (cloud - clear) * cover * 0.75 + light.sunColour[k]! * (0.12 * toSun ** 8 + 0.3 * toSun ** 80) * 0.6;
  }
}

function radiance(place: Place, scene: Scene, o: Vec3, d: Vec3, light: Light, r1: number, r2: number, out: Vec3): void {
  scene.trace(o[0], o[1], o[2], d[0], d[1], d[2], FAR, hit);
  if (hit.solid === null) {
    sky(d, light, out);
    return;
  }
  const { t, solid, nx, ny, nz } = hit;
  const p: Vec3 = [o[0] + t * d[0], o[1] + t * d[1], o[2] + t * d[2]];
  surfaceColour(place, solid.material, solid.variant, p, nx, ny, nz);
  const { r, g, b, glow, gloss } = shade;
  const e = 0.003;
  const [px, py, pz] = [p[0] + nx * e, p[1] + ny * e, p[2] + nz * e];
  const cosine = nx * light.sun[0] + ny * light.sun[1] + nz * light.sun[2];
  let lit = 0;
  if (cosine > 0) {
    // A soft edge: the sun has a size.
    const j = 0.012;
    scene.trace(px, py, pz, light.sun[0] + j * (r1 - 0.5), light.sun[1] + j * (r2 - 0.5), light.sun[2], 300, shadow);
    lit = shadow.solid === null ? cosine : 0;
  }
  const phi = 2 * Math.PI * r1;
  const radius = Math.sqrt(r2);
  const [tx, ty, tz] = Math.abs(nz) < 0.9 ? unit([-ny, nx, 0]) : [1, 0, 0];
  const [bx, by, bz] = [ny * tz - nz * ty, nz * tx - nx * tz, nx * ty - ny * tx];
  const [ca, sa, cz] = [radius * Math.cos(phi), radius * Math.sin(phi), Math.sqrt(1 - r2)];
  scene.trace(
    px,
    py,
    pz,
    tx * ca + bx * sa + nx * cz,
    ty * ca + by * sa + ny * cz,
    tz * ca + bz * sa + nz * cz,
    5,
    shadow,
  );
  const open = shadow.solid === null ? 1 : 0.25 + 0.1 * shadow.t;
  const up = 0.5 + 0.5 * nz;
  const albedo = [r, g, b] as const;
  let mirror = 0;
  if (gloss > 0) {
    const dn = d[0] * nx + d[1] * ny + d[2] * nz;
    mirror = gloss * (0.25 + 0.75 * (1 + dn) ** 4);
    sky([d[0] - 2 * dn * nx, d[1] - 2 * dn * ny, Math.abs(d[2] - 2 * dn * nz)], light, above);
  }
  const fog = 1 - Math.exp(-t * light.haze);
  for (let k = 0; k < 3; k += 1) {
    const ambient = (light.sky[k]! * 0.5 * up + light.horizon[k]! * 0.3 + 0.03) * open;
    const bounce = 0.1 * light.sunColour[k]! * (1 - up) * open;
    let c = albedo[k]! * (light.sunColour[k]! * lit + ambient + bounce);
    if (gloss > 0) c = c * (1 - mirror) + above[k]! * mirror * (0.5 + 0.5 * open);
    c += glow * light.glow * [1.0, 0.66, 0.3][k]!;
    out[k] = c + (light.horizon[k]! - c) * fog;
  }
}

function surfaceColour(
  place: Place,
  material: number,
  variant: number,
  p: Vec3,
  nx: number,
  ny: number,
  nz: number,
): void {
  const flat = Math.abs(nz) > 0.8;
  let u: number;
  let v: number;
  if (flat) {
    u = p[0];
    v = p[1];
  } else {
    const l = Math.hypot(nx, ny);
    u = (-ny * p[0] + nx * p[1]) / l;
    v = p[2] / Math.sqrt(1 - nz * nz * 0.9);
  }
  place.materials[material]!(u, v, p, variant, shade);
}

/** True where the camera sees `p`, a point on a surface with this normal, unoccluded and not at a grazing angle. */
export function sees(scene: Scene, camera: SampleCamera, p: Vec3, normal: Vec3): boolean {
  const v: Vec3 = [p[0] - camera.centre[0], p[1] - camera.centre[1], p[2] - camera.centre[2]];
  const distance = Math.hypot(...v);
  const d: Vec3 = [v[0] / distance, v[1] / distance, v[2] / distance];
  if (-(d[0] * normal[0] + d[1] * normal[1] + d[2] * normal[2]) < 0.26) return false;
  scene.trace(camera.centre[0], camera.centre[1], camera.centre[2], d[0], d[1], d[2], FAR, hit);
  return hit.solid !== null && Math.abs(hit.t - distance) < 0.004 * distance;
}

/** The surface under a pixel: where, its normal, and whether it is a landmark; null for the sky. */
export function pick(
  scene: Scene,
  camera: SampleCamera,
  x: number,
  y: number,
): { point: Vec3; normal: Vec3; landmark: boolean } | null {
  const d = rayOf(camera, x, y);
  const o = camera.centre;
  scene.trace(o[0], o[1], o[2], d[0], d[1], d[2], FAR, hit);
  if (hit.solid === null) return null;
  return {
    point: [o[0] + hit.t * d[0], o[1] + hit.t * d[1], o[2] + hit.t * d[2]],
    normal: [hit.nx, hit.ny, hit.nz],
    landmark: hit.solid.landmark,
  };
}
