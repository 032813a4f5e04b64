/** `npm run make-kernels`: assembles the kernels of src/main/engine/kernels, NAME.wat to NAME.wasm. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import wabt from 'wabt';

const FOLDER = join(import.meta.dirname, '..', 'src', 'main', 'engine', 'kernels');

/** Every kernel of the folder, assembled from its text. */
export async function assembleKernels(): Promise<ReadonlyMap<string, Uint8Array>> {
  const assembler = await wabt();
  const kernels = new Map<string, Uint8Array>();
  for (const file of readdirSync(FOLDER).filter((f) => f.endsWith('.wat'))) {
    const module = assembler.parseWat(file, readFileSync(join(FOLDER, file), 'utf8'), { simd: true });
    kernels.set(file.replace(/wat$/, 'wasm'), module.toBinary({}).buffer);
    module.destroy();
  }
  return kernels;
}

if (import.meta.main) for (const [file, bytes] of await assembleKernels()) writeFileSync(join(FOLDER, file), bytes);
