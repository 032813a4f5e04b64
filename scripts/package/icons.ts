/** The icon in the forms that systems want, all of the one drawing in `resources/icons`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

/** Sides in pixels of the icons that a Linux desktop chooses from. */
export const ICON_SIZES = [16, 24, 32, 48, 64, 128, 256, 512] as const;

export function iconSvg(root: string): Buffer {
  return readFileSync(join(root, 'resources', 'icons', 'covis.svg'));
}

/** The icon as PNG, drawn at its size. */
export function iconPng(root: string, size: number): Promise<Buffer> {
  // SVG is drawn at 72 dots an inch for its own 512 units.
  return sharp(iconSvg(root), { density: Math.max(1, (72 * size) / 512) })
    .resize(size, size)
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** An icon of Windows: a directory of PNG files. */
export async function iconIco(root: string): Promise<Buffer> {
  const sizes = [16, 24, 32, 48, 64, 128, 256];
  const images = await Promise.all(sizes.map((s) => iconPng(root, s)));
  const head = Buffer.alloc(6 + 16 * sizes.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(sizes.length, 4);
  let at = head.length;
  for (const [i, size] of sizes.entries()) {
    const entry = 6 + 16 * i;
    // A byte, in which 0 stands for 256.
    head[entry] = size % 256;
    head[entry + 1] = size % 256;
    head.writeUInt16LE(1, entry + 4);
    head.writeUInt16LE(32, entry + 6);
    head.writeUInt32LE(images[i]!.length, entry + 8);
    head.writeUInt32LE(at, entry + 12);
    at += images[i]!.length;
  }
  return Buffer.concat([head, ...images]);
}

/** An icon of macOS: PNG files under four letters each. */
export async function iconIcns(root: string): Promise<Buffer> {
  const kinds = { icp4: 16, icp5: 32, ic07: 128, ic08: 256, ic09: 512, ic10: 1024 };
  const parts = await Promise.all(
    Object.entries(kinds).map(async ([kind, size]) => {
      const image = await iconPng(root, size);
      const head = Buffer.alloc(8);
      head.write(kind, 0, 'latin1');
      head.writeUInt32BE(8 + image.length, 4);
      return Buffer.concat([head, image]);
    }),
  );
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.write('icns', 0, 'latin1');
  head.writeUInt32BE(8 + body.length, 4);
  return Buffer.concat([head, body]);
}
