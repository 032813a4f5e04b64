import sharp from 'sharp';
import { random } from '../../src/main/engine/library/random.ts';
import { buildPlace, type Place } from './buildings.ts';
import { drawCamera, drawLight, pick, project, render, sees, type SampleCamera } from './render.ts';
import { Scene, type Vec3 } from './solids.ts';

/** A 3D point with the views that see it and where, in pixels. */
export interface SamplePoint {
  readonly xyz: Vec3;
  rgb: [number, number, number];
  readonly track: { view: number; x: number; y: number }[];
}

export interface SampleView {
  readonly name: string;
  readonly camera: SampleCamera;
  readonly jpeg: Buffer;
}

export interface SampleScene {
  readonly name: string;
  readonly views: readonly SampleView[];
  readonly points: readonly SamplePoint[];
}

export interface ShootOptions {
  readonly seed: number;
  readonly views: number;
  /** Landmark points wanted per view, before tracks are cut. */
  readonly pointsPerView: number;
  readonly quality: number;
}

/** A track needs this many views, as structure from motion would ask. */
const SHORTEST_TRACK = 3;
/** A detector misses a visible point this often. */
const MISS = 0.22;
/** Descriptors stop matching beyond this change of scale. */
const SCALE_REACH = 2.3;

/** Renders all views of one place and tracks its points through them. Deterministic. */
export async function shoot(index: number, options: ShootOptions): Promise<SampleScene> {
  const place = buildPlace(index, options.seed);
  const scene = new Scene(place.solids);
  const seedOf = (view: number, what: number): number => options.seed * 7919 + index * 1009 + view * 31 + what;
  const cameras = Array.from({ length: options.views }, (_, v) =>
    clearCamera(place, scene, seedOf(v, 1), v, options.views),
  );
  const images: Uint8Array[] = [];
  const views: SampleView[] = [];
  for (const [v, camera] of cameras.entries()) {
    const pixels = render(place, scene, camera, drawLight(seedOf(v, 2), v * 5 + index), seedOf(v, 3));
    images.push(pixels);
    const jpeg = await sharp(pixels, { raw: { width: camera.width, height: camera.height, channels: 3 } })
      .jpeg({ quality: options.quality, mozjpeg: true })
      .toBuffer();
    views.push({ name: `${place.name}_${String(v + 1).padStart(2, '0')}.jpg`, camera, jpeg });
  }
  return { name: place.name, views, points: track(scene, cameras, images, options, seedOf(0, 4)) };
}

/** Draws again while a tree or a wall stands right before the lens. */
function clearCamera(place: Place, scene: Scene, seed: number, view: number, count: number): SampleCamera {
  for (let attempt = 0; ; attempt += 1) {
    const camera = drawCamera(place, seed + attempt * 100003, view, count);
    let landmark = 0;
    for (let y = 0.5; y < 12; y += 1)
      for (let x = 0.5; x < 12; x += 1) {
        if (pick(scene, camera, (x / 12) * camera.width, (y / 12) * camera.height)?.landmark === true) landmark += 1;
      }
    if (landmark > 36 || attempt === 30) return camera;
  }
}

function track(
  scene: Scene,
  cameras: readonly SampleCamera[],
  images: readonly Uint8Array[],
  options: ShootOptions,
  seed: number,
): SamplePoint[] {
  const r = random(seed);
  const points: SamplePoint[] = [];
  cameras.forEach((camera, v) => {
    for (let found = 0, tries = 0; found < options.pointsPerView && tries < options.pointsPerView * 30; tries += 1) {
      const x = Math.floor(r.between(4, camera.width - 4));
      const y = Math.floor(r.between(4, camera.height - 4));
      if (contrast(images[v]!, camera.width, x, y) < 26 + 30 * r.next()) continue;
      const at = pick(scene, camera, x + 0.5, y + 0.5);
      if (at === null || !at.landmark) continue;
      found += 1;
      const depth = project(camera, at.point).depth;
      const sightings = cameras.flatMap((other, w) => {
        const p = project(other, at.point);
        const scale = p.depth / other.focal / (depth / camera.focal);
        if (p.depth <= 0 || p.x < 0 || p.y < 0 || p.x >= other.width || p.y >= other.height) return [];
        if (scale > SCALE_REACH || scale < 1 / SCALE_REACH) return [];
        if (w !== v && r.next() < MISS) return [];
        return w === v || sees(scene, other, at.point, at.normal) ? [{ view: w, x: p.x, y: p.y }] : [];
      });
      if (sightings.length < SHORTEST_TRACK) continue;
      const i = (y * camera.width + x) * 3;
      points.push({ xyz: at.point, rgb: [images[v]![i]!, images[v]![i + 1]!, images[v]![i + 2]!], track: sightings });
    }
  });
  return points;
}

/** Sum of absolute differences across and down, in grey levels. */
function contrast(image: Uint8Array, width: number, x: number, y: number): number {
  const grey = (dx: number, dy: number): number => {
    const i = ((y + dy) * width + x + dx) * 3;
    return (image[i]! + 2 * image[i + 1]! + image[i + 2]!) / 4;
  };
  return Math.abs(grey(2, 0) - grey(-2, 0)) + Math.abs(grey(0, 2) - grey(0, -2));
}
