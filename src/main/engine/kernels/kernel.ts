import { readFileSync } from 'node:fs';

/** Bytes of a page of WebAssembly's memory, and how many there may be. */
export const PAGE = 65_536;
export const MAX_PAGES = 65_536;

/**
 * Compiles a kernel of this folder. Kernels are written as text (`NAME.wat`) and kept assembled beside it
 * (`npm run make-kernels`); a test holds the two together.
 */
export async function loadKernel(name: 'adam' | 'cosines' | 'diffusion'): Promise<WebAssembly.Module> {
  return WebAssembly.compile(bytesOf(name));
}

/** As {@link loadKernel}, for a kernel so small that compiling it is no wait. */
export function kernelNow(name: 'bytes' | 'cosines'): WebAssembly.Module {
  return new WebAssembly.Module(bytesOf(name));
}

function bytesOf(name: string): Buffer<ArrayBuffer> {
  return readFileSync(new URL(`./${name}.wasm`, import.meta.url));
}
