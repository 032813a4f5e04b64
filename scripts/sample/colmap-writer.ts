import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SampleScene } from './shoot.ts';
import type { Vec3 } from './solids.ts';

const SIMPLE_PINHOLE = 0;

/** A growing little-endian buffer. */
class Bytes {
  readonly #parts: Buffer[] = [];
  u8(v: number): void {
    this.#parts.push(Buffer.from([v]));
  }
  u32(v: number): void {
    const b = Buffer.alloc(4);
    b.writeUInt32LE(v);
    this.#parts.push(b);
  }
  u64(v: number): void {
    const b = Buffer.alloc(8);
    b.writeBigUInt64LE(BigInt(v));
    this.#parts.push(b);
  }
  f64(...values: number[]): void {
    const b = Buffer.alloc(8 * values.length);
    values.forEach((v, i) => b.writeDoubleLE(v, 8 * i));
    this.#parts.push(b);
  }
  text(s: string): void {
    this.#parts.push(Buffer.from(`${s}\0`, 'utf8'));
  }
  done(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Unit quaternion (w, x, y, z) of a rotation given by its rows. */
export function quaternion([a, b, c]: readonly [Vec3, Vec3, Vec3]): [number, number, number, number] {
  const trace = a[0] + b[1] + c[2];
  let q: [number, number, number, number];
  if (trace > 0) {
    const s = 2 * Math.sqrt(trace + 1);
    q = [s / 4, (c[1] - b[2]) / s, (a[2] - c[0]) / s, (b[0] - a[1]) / s];
  } else if (a[0] > b[1] && a[0] > c[2]) {
    const s = 2 * Math.sqrt(1 + a[0] - b[1] - c[2]);
    q = [(c[1] - b[2]) / s, s / 4, (a[1] + b[0]) / s, (a[2] + c[0]) / s];
  } else if (b[1] > c[2]) {
    const s = 2 * Math.sqrt(1 + b[1] - a[0] - c[2]);
    q = [(a[2] - c[0]) / s, (a[1] + b[0]) / s, s / 4, (b[2] + c[1]) / s];
  } else {
    const s = 2 * Math.sqrt(1 + c[2] - a[0] - b[1]);
    q = [(b[0] - a[1]) / s, (a[2] + c[0]) / s, (b[2] + c[1]) / s, s / 4];
  }
  return q;
}

/** Writes photos to `images/` and the exact model to `sparse/0/` as COLMAP's binary files. */
export function writeScene(root: string, scene: SampleScene): void {
  const images = join(root, scene.name, 'images');
  const sparse = join(root, scene.name, 'sparse', '0');
  mkdirSync(images, { recursive: true });
  mkdirSync(sparse, { recursive: true });
  const observations = scene.views.map(() => [] as { x: number; y: number; point: number }[]);
  const points = new Bytes();
  points.u64(scene.points.length);
  scene.points.forEach((p, id) => {
    points.u64(id + 1);
    points.f64(...p.xyz);
    for (const c of p.rgb) points.u8(c);
    points.f64(0);
    points.u64(p.track.length);
    for (const t of p.track) {
      points.u32(t.view + 1);
      points.u32(observations[t.view]!.push({ x: t.x, y: t.y, point: id + 1 }) - 1);
    }
  });
  const cameras = new Bytes();
  const poses = new Bytes();
  cameras.u64(scene.views.length);
  poses.u64(scene.views.length);
  scene.views.forEach(({ name, camera, jpeg }, v) => {
    writeFileSync(join(images, name), jpeg);
    cameras.u32(v + 1);
    cameras.u32(SIMPLE_PINHOLE);
    cameras.u64(camera.width);
    cameras.u64(camera.height);
    cameras.f64(camera.focal, camera.width / 2, camera.height / 2);
    poses.u32(v + 1);
    poses.f64(...quaternion(camera.rotation));
    poses.f64(
      ...camera.rotation.map((r) => -(r[0] * camera.centre[0] + r[1] * camera.centre[1] + r[2] * camera.centre[2])),
    );
    poses.u32(v + 1);
    poses.text(name);
    poses.u64(observations[v]!.length);
    for (const o of observations[v]!) {
      poses.f64(o.x, o.y);
      poses.u64(o.point);
    }
  });
  writeFileSync(join(sparse, 'points3D.bin'), points.done());
  writeFileSync(join(sparse, 'cameras.bin'), cameras.done());
  writeFileSync(join(sparse, 'images.bin'), poses.done());
}
