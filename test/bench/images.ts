/** Photos that a bench has written for several programs. */
import { join } from 'node:path';
import { readNpy } from '../../src/main/engine/formats/npy.ts';
import type { NetworkInput } from '../../src/main/engine/inputs/inputs.ts';

/** `images.npy` of a folder, [count, channels, height, width]: as one batch, and each by itself. */
export function imagesIn(folder: string): {
  readonly batch: { readonly dims: number[]; readonly data: Float32Array };
  readonly inputs: readonly NetworkInput[];
} {
  const { shape, data } = readNpy(join(folder, 'images.npy'));
  const [count, ...rest] = shape as [number, number, number, number];
  const values = data as Float32Array;
  const size = values.length / count;
  const inputs = Array.from({ length: count }, (_, i): NetworkInput => ({
    dims: [1, ...(rest as [number, number, number])],
    data: values.subarray(i * size, (i + 1) * size),
  }));
  return { batch: { dims: [...shape], data: values }, inputs };
}
