import { closeSync, readSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import { readNpyHead } from './npy.ts';
import { openRegular } from './regular.ts';

/** Types of number whose rows are read where they lie, and how. */
const READ = {
  '<f2': (bytes: ArrayBuffer) => new Float16Array(bytes),
  '<f4': (bytes: ArrayBuffer) => new Float32Array(bytes),
  '<f8': (bytes: ArrayBuffer) => new Float64Array(bytes),
} as const;
const WIDTH = { '<f2': 2, '<f4': 4, '<f8': 8 } as const;
type Readable = keyof typeof READ;

/** A matrix of floats in a `.npy` file of which rows are read one by one, so that memory does not grow with it. Close it when done. */
export class NpyRows {
  readonly rows: number;
  readonly dim: number;
  readonly file: string;
  readonly #fd: number;
  readonly #at: number;
  readonly #type: Readable;

  /** @throws CovisError naming the file: `INPUT_UNSUPPORTED` for other types and orders, `INPUT_TRUNCATED`, what reading a header says. */
  constructor(file: string) {
    const { fd, stats } = openRegular(file);
    try {
      const { descr, fortran, shape, at } = readNpyHead(fd, file, stats.size);
      const [rows, dim] = shape;
      if (!Object.hasOwn(READ, descr) || fortran)
        throw new CovisError(
          'INPUT_UNSUPPORTED',
          `Rows are read one by one from little-endian floats in row-major order; this array is of the type ${descr}${fortran ? " in Fortran's order" : ''}`,
          { file, hint: "Save it as numpy.ascontiguousarray(a.astype('<f4'))." },
        );
      if (shape.length !== 2 || !(Number.isSafeInteger(rows) && rows! >= 0 && Number.isSafeInteger(dim) && dim! > 0))
        throw new CovisError(
          'INPUT_INVALID',
          `Descriptors have two dimensions, one row an image; this array has the shape (${shape.join(', ')})`,
          { file, hint: 'Save them as a matrix [images, dimensions].' },
        );
      this.#type = descr as Readable;
      const bytes = rows! * dim! * WIDTH[this.#type];
      if (!(at + bytes <= stats.size))
        throw new CovisError(
          'INPUT_TRUNCATED',
          `The shape (${shape.join(', ')}) needs ${bytes} bytes, the file has ${stats.size - at}`,
          { file, offset: at },
        );
      this.file = file;
      this.rows = rows!;
      this.dim = dim!;
      this.#fd = fd;
      this.#at = at;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /**
   * `count` rows from the row `from` on, all of which the array has, in single precision.
   * @throws CovisError `INPUT_TRUNCATED` when the file became shorter meanwhile.
   */
  read(from: number, count: number): Float32Array {
    const width = this.dim * WIDTH[this.#type];
    const bytes = new ArrayBuffer(count * width);
    const into = new Uint8Array(bytes);
    for (let done = 0; done < into.length;) {
      const n = readSync(this.#fd, into, done, Math.min(into.length - done, 1 << 28), this.#at + from * width + done);
      if (n === 0)
        throw new CovisError('INPUT_TRUNCATED', 'The file became shorter while it was read', { file: this.file });
      done += n;
    }
    const read = READ[this.#type](bytes);
    return read instanceof Float32Array ? read : Float32Array.from(read);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
