import sharp from 'sharp';

/** Soft edge strength in [0, 1], row-major, as large as the image that it was found in. */
export interface EdgeMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Edge strength as grey bytes: 0 none, 255 certain. */
export function edgeBytes(map: EdgeMap): Uint8Array {
  return Uint8Array.from(map.data, (v) => Math.round(255 * Math.min(1, Math.max(0, v))));
}

/** An edge map as a grey PNG; strengths are kept in steps of 1/255. */
export async function encodeEdgeMap(map: EdgeMap): Promise<Buffer> {
  return sharp(edgeBytes(map), { raw: { width: map.width, height: map.height, channels: 1 } })
    .toColourspace('b-w')
    .png({ compressionLevel: 6 })
    .toBuffer();
}

/** Reads what {@link encodeEdgeMap} wrote. @throws Error when it is no image. */
export async function decodeEdgeMap(file: string | Uint8Array): Promise<EdgeMap> {
  const { data, info } = await sharp(file, { failOn: 'error' })
    .toColourspace('b-w')
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: Float32Array.from(data, (v) => v / 255) };
}

/** Zero pixels on every side, at least `padding`, more where a side would stay below `least`. */
export function padEdgeMap(map: EdgeMap, padding: number, least = 0): EdgeMap {
  const width = Math.max(map.width + 2 * padding, least);
  const height = Math.max(map.height + 2 * padding, least);
  if (width === map.width && height === map.height) return map;
  const left = Math.floor((width - map.width) / 2);
  const top = Math.floor((height - map.height) / 2);
  const data = new Float32Array(width * height);
  for (let y = 0; y < map.height; y += 1)
    data.set(map.data.subarray(y * map.width, (y + 1) * map.width), (y + top) * width + left);
  return { width, height, data };
}

/** Left and right changed. */
export function mirrorEdgeMap({ width, height, data }: EdgeMap): EdgeMap {
  const out = new Float32Array(data.length);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) out[y * width + x] = data[y * width + width - 1 - x]!;
  return { width, height, data: out };
}
