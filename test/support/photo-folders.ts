import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

/** Writes a small photo whose content follows from a number. @param orientation of EXIF. */
export async function writePhoto(
  file: string,
  seed: number,
  { width = 64, height = 48, orientation }: { width?: number; height?: number; orientation?: number } = {},
): Promise<string> {
  mkdirSync(dirname(file), { recursive: true });
  const data = Buffer.alloc(3 * width * height);
  for (let i = 0; i < data.length; i += 1)
    data[i] = (seed * 53 + (i % (3 * width)) * 7 + Math.floor(i / (3 * width)) * 3) % 256;
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  await (orientation === undefined ? image : image.withMetadata({ orientation })).jpeg({ quality: 95 }).toFile(file);
  return file;
}

/** Photos of these names below a folder, each of its own content. */
export async function writePhotos(folder: string, names: readonly string[], from = 0): Promise<void> {
  for (const [i, name] of names.entries()) await writePhoto(join(folder, name), from + i);
}
