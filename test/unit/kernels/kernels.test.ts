import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assembleKernels } from '../../../scripts/make-kernels.ts';

const FOLDER = join(import.meta.dirname, '../../../src/main/engine/kernels');

test('what runs was assembled from the text beside it', async () => {
  const kernels = await assembleKernels();
  expect([...kernels.keys()].sort()).toEqual(['adam.wasm', 'bytes.wasm', 'cosines.wasm', 'diffusion.wasm']);
  for (const [file, bytes] of kernels)
    expect(Buffer.compare(readFileSync(join(FOLDER, file)), bytes), `${file}: run npm run make-kernels`).toBe(0);
});
