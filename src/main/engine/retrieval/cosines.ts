import { CovisError } from '../../../shared/errors.ts';
import { kernelNow, loadKernel, MAX_PAGES, PAGE } from '../kernels/kernel.ts';
import { row, type Matrix } from './rank.ts';

/** What kernels/cosines.wat exports. Addresses are bytes in the memory that is shared with it. */
interface CosinesKernel {
  dots(n: number, dim: number, rows: number, query: number, out: number): void;
  nearer(n: number, dim: number, rows: number, query: number, best: number): void;
  gain(n: number, dim: number, rows: number, query: number, best: number): number;
}

const LANES = 16;
const FLOAT = 4;
/** What the second cache of a core holds beside other things. */
const BLOCK_BYTES = 1 << 18;

let compiled: Promise<WebAssembly.Module> | undefined;
let compiledNow: WebAssembly.Module | undefined;

/**
 * Inner products of one vector with all rows of a matrix (cosines, for unit vectors), in single precision, by a kernel into whose memory
 * the rows are copied once. The same inputs give the same bits on every machine.
 */
export class Cosines {
  readonly rows: number;
  readonly dim: number;
  readonly #kernel: CosinesKernel;
  readonly #memory: WebAssembly.Memory;
  readonly #padded: number;
  readonly #at: { readonly rows: number; readonly query: number; readonly out: number; readonly best: number };

  private constructor(m: Matrix, memory: WebAssembly.Memory, kernel: CosinesKernel) {
    this.rows = m.rows;
    this.dim = m.dim;
    this.#memory = memory;
    this.#kernel = kernel;
    this.#padded = LANES * Math.ceil(m.dim / LANES);
    const column = FLOAT * LANES * Math.ceil(m.rows / LANES);
    const query = 0;
    const best = query + FLOAT * this.#padded;
    const out = best + column;
    this.#at = { query, best, out, rows: out + column };
    const bytes = this.#at.rows + FLOAT * this.#padded * m.rows;
    if (bytes > PAGE * MAX_PAGES)
      throw new CovisError('INPUT_UNSUPPORTED', `${m.rows} descriptors of ${m.dim} dimensions need more than 4 GiB`, {
        hint: 'Choose among fewer photos, or with a descriptor set of fewer dimensions.',
      });
    memory.grow(Math.max(0, Math.ceil(bytes / PAGE) - memory.buffer.byteLength / PAGE));
    const rows = new Float32Array(memory.buffer, this.#at.rows, this.#padded * m.rows);
    for (let i = 0; i < m.rows; i += 1) rows.set(row(m, i), i * this.#padded);
    this.forget();
  }

  /** The rows in the kernel's memory, so that nobody keeps them twice; undefined where they have zeros between them. */
  get matrix(): Matrix | undefined {
    if (this.#padded !== this.dim) return undefined;
    const data = new Float32Array(this.#memory.buffer, this.#at.rows, this.dim * this.rows);
    return { data, rows: this.rows, dim: this.dim };
  }

  /** @param m at least one row. @throws CovisError `INPUT_UNSUPPORTED` beyond 4 GiB. */
  static async create(m: Matrix): Promise<Cosines> {
    compiled ??= loadKernel('cosines');
    const memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES });
    const { exports } = await WebAssembly.instantiate(await compiled, { env: { memory } });
    return new Cosines(m, memory, exports as unknown as CosinesKernel);
  }

  /** As {@link create}, for where nobody can wait: matching compares pair after pair. */
  static now(m: Matrix): Cosines {
    compiledNow ??= kernelNow('cosines');
    const memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES });
    const { exports } = new WebAssembly.Instance(compiledNow, { env: { memory } });
    return new Cosines(m, memory, exports as unknown as CosinesKernel);
  }

  /** The largest cosine of each row with any query so far; −1 before the first. A view that stays valid. */
  get best(): Float32Array {
    return new Float32Array(this.#memory.buffer, this.#at.best, this.rows);
  }

  /** Sets {@link best} to −1. */
  forget(): void {
    this.best.fill(-1);
  }

  /** Cosines of all rows with a vector. A view that is valid until the next call. */
  with(vector: ArrayLike<number>): Float32Array {
    const query = new Float32Array(this.#memory.buffer, this.#at.query, this.#padded);
    query.fill(0);
    query.set(vector);
    this.#kernel.dots(this.rows, this.#padded, this.#at.rows, this.#at.query, this.#at.out);
    return new Float32Array(this.#memory.buffer, this.#at.out, this.rows);
  }

  /** Takes a row as a query into {@link best}. */
  take(i: number): void {
    this.#kernel.nearer(this.rows, this.#padded, this.#at.rows, this.#rowAt(i), this.#at.best);
  }

  /** As {@link take} of each: some rows at a time, which stay in the processor's cache while all are compared with them. */
  takeAll(these: readonly number[]): void {
    const block = Math.max(1, Math.floor(BLOCK_BYTES / (FLOAT * this.#padded)));
    for (let from = 0; from < this.rows; from += block) {
      const n = Math.min(block, this.rows - from);
      for (const i of these)
        this.#kernel.nearer(n, this.#padded, this.#rowAt(from), this.#rowAt(i), this.#at.best + FLOAT * from);
    }
  }

  /** By how much {@link best} would grow in sum if a row were taken. */
  gain(i: number): number {
    return this.#kernel.gain(this.rows, this.#padded, this.#at.rows, this.#rowAt(i), this.#at.best);
  }

  #rowAt(i: number): number {
    return this.#at.rows + FLOAT * this.#padded * i;
  }
}
