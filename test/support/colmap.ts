import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

/** A hand-made model: each photo looks along +z from its position and sees the named points. */
export interface TinyModel {
  readonly images: readonly {
    readonly name: string;
    readonly at: readonly [number, number, number];
    readonly sees: readonly number[];
  }[];
  /** World positions by point id. */
  readonly points: Readonly<Record<number, readonly [number, number, number]>>;
  readonly focal?: number;
  readonly size?: readonly [number, number];
}

/** Writes the model as COLMAP's text files. Image ids start at 10 and are not contiguous. */
export function writeTextModel(folder: string, model: TinyModel): void {
  mkdirSync(folder, { recursive: true });
  const [w, h] = model.size ?? [100, 80];
  const f = model.focal ?? 90;
  const idOf = (i: number): number => 10 + 3 * i;
  const tracks = new Map<number, string[]>();
  const images = model.images.map((image, i) => {
    const rows = image.sees.map((p, k) => {
      const [x, y, z] = model.points[p]!.map((v, a) => v - image.at[a]!) as [number, number, number];
      tracks.set(p, [...(tracks.get(p) ?? []), `${idOf(i)} ${k}`]);
      return `${(f * x) / z + w / 2} ${(f * y) / z + h / 2} ${p}`;
    });
    return `${idOf(i)} 1 0 0 0 ${image.at.map((v) => -v).join(' ')} 1 ${image.name}\n${[...rows, '5 5 -1'].join(' ')}\n`;
  });
  writeFileSync(join(folder, 'cameras.txt'), `# cameras\n1 SIMPLE_PINHOLE ${w} ${h} ${f} ${w / 2} ${h / 2}\n`);
  writeFileSync(join(folder, 'images.txt'), `# images\n${images.join('')}`);
  writeFileSync(
    join(folder, 'points3D.txt'),
    Object.entries(model.points)
      .map(([id, p]) => `${id} ${p.join(' ')} 200 100 50 0.5 ${(tracks.get(Number(id)) ?? []).join(' ')}`.trimEnd())
      .join('\n') + '\n',
  );
}

/** Writes a photo of coloured noise, different for every seed. */
export async function writePhoto(
  file: string,
  seed: number,
  [w, h]: readonly [number, number] = [100, 80],
  orientation?: number,
): Promise<void> {
  mkdirSync(join(file, '..'), { recursive: true });
  const data = new Uint8Array(w * h * 3);
  for (let i = 0; i < data.length; i += 1)
    data[i] =
      128 +
      100 * Math.sin((i % (w * 3)) * 0.01 * (1 + (seed % 7)) + Math.floor(i / (w * 3)) * 0.05 * (1 + seed)) +
      ((i * seed * 7919) % 23);
  const image = sharp(data, { raw: { width: w, height: h, channels: 3 } }).jpeg({ quality: 90 });
  await (orientation === undefined ? image : image.withMetadata({ orientation })).toFile(file);
}

/** Points 1..n spread in front of cameras near the origin. */
export function somePoints(n: number): Record<number, [number, number, number]> {
  return Object.fromEntries(
    Array.from({ length: n }, (_, i) => [
      i + 1,
      [Math.sin(i * 1.7) * 1.2, Math.cos(i * 2.3), 5 + Math.sin(i)] as [number, number, number],
    ]),
  );
}
