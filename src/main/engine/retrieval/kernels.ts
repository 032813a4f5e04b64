import { CovisError } from '../../../shared/errors.ts';
import { loadKernel, MAX_PAGES, PAGE } from '../kernels/kernel.ts';

/** Columns of a dense block: eight doubles are one cache line and four SIMD registers. */
export const COLUMNS = 8 as const;
const ROW_BYTES = COLUMNS * 8;

/** The functions of kernels.wat. Addresses are bytes in the memory that is shared with them; blocks are [n, 8] doubles. */
export interface Kernels {
  /** Y = a X + b (S X) + c Z for S in CSR form, and the inner products of X's and Y's columns; Z may be Y. */
  multiply(
    n: number,
    starts: number,
    columns: number,
    values: number,
    a: number,
    b: number,
    c: number,
    x: number,
    z: number,
    y: number,
    out: number,
  ): void;
  /** Inner products of the columns of X and Z: eight doubles. */
  dots(n: number, x: number, z: number, out: number): void;
  /** X += w P, R -= w Q, and the squared norms of R's columns. */
  advance(n: number, w: number, p: number, q: number, x: number, r: number, out: number): void;
  /** P = R + w P. */
  turn(n: number, w: number, r: number, p: number): void;
  /** Y += scale U C for U [n, r] row-major and C [r, 8]. */
  expand(n: number, r: number, u: number, c: number, scale: number, y: number): void;
  /** As expand, for U of single precision. */
  expand32(n: number, r: number, u: number, c: number, scale: number, y: number): void;
  /** As multiply for single columns of n doubles; gives the inner product of x and y. */
  multiplyOne(
    n: number,
    starts: number,
    columns: number,
    values: number,
    a: number,
    b: number,
    c: number,
    x: number,
    z: number,
    y: number,
  ): number;
  /** As expand32 for single columns: C is r doubles, Y is n. */
  expandOne32(n: number, r: number, u: number, c: number, scale: number, y: number): void;
  /** out [8, 8] = transpose(X) Z. */
  gram(n: number, x: number, z: number, out: number): void;
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** The compiled kernels, which may be sent to other threads. */
export function kernelModule(): Promise<WebAssembly.Module> {
  compiled ??= loadKernel('diffusion');
  return compiled;
}

/** Memory for one problem, taken from the front and never given back, and the kernels that work in it. */
export class Workspace {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  #used = 64;

  private constructor(memory: WebAssembly.Memory, kernels: Kernels) {
    this.memory = memory;
    this.kernels = kernels;
  }

  /** @param module what {@link kernelModule} gave another thread; compiled here when left out. */
  static async create(module?: WebAssembly.Module): Promise<Workspace> {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES });
    const instance = await WebAssembly.instantiate(module ?? (await kernelModule()), { env: { memory } });
    return new Workspace(memory, instance.exports as unknown as Kernels);
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.#used;
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` when more than 4 GiB would be needed. */
  allocate(bytes: number): number {
    const at = Math.ceil(this.#used / 64) * 64;
    const end = at + bytes;
    if (end > PAGE * MAX_PAGES)
      throw new CovisError('INPUT_UNSUPPORTED', 'This graph and its vectors need more than 4 GiB', {
        hint: 'Lower --k or --rank, or truncate with --shortlist.',
      });
    const missing = Math.ceil(end / PAGE) - this.memory.buffer.byteLength / PAGE;
    if (missing > 0) this.memory.grow(missing);
    this.#used = end;
    return at;
  }

  /** Room for a block of eight columns, zeroed. */
  block(n: number): number {
    return this.allocate(n * ROW_BYTES);
  }

  putIntegers(values: Int32Array | Uint32Array): number {
    const at = this.allocate(values.byteLength);
    new Uint32Array(this.memory.buffer, at, values.length).set(values);
    return at;
  }

  putDoubles(values: ArrayLike<number>): number {
    const at = this.allocate(values.length * 8);
    this.doubles(at, values.length).set(values);
    return at;
  }

  /** As {@link doubles}, of single precision. */
  floats(at: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, at, count);
  }

  /** A view that is valid until the next allocation. */
  doubles(at: number, count: number): Float64Array {
    return new Float64Array(this.memory.buffer, at, count);
  }
}
