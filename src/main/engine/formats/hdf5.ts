import { existsSync } from 'node:fs';
import * as h5 from 'h5wasm/node';
import { CovisError } from '../../../shared/errors.ts';

/** A numeric dataset of an HDF5 file, row-major. */
export interface H5Array {
  readonly path: string;
  readonly shape: readonly number[];
}

/** An HDF5 file opened for reading; MATLAB's version 7.3 is one too. Close it when done. */
export class Hdf5File {
  readonly #file: h5.File;
  readonly #name: string;

  private constructor(file: h5.File, name: string) {
    this.#file = file;
    this.#name = name;
  }

  /** @throws CovisError `INPUT_MISSING`, or `INPUT_CORRUPT` for a file that is no HDF5. */
  static async open(file: string): Promise<Hdf5File> {
    if (!existsSync(file)) throw new CovisError('INPUT_MISSING', 'This file does not exist', { file });
    await h5.ready;
    try {
      const opened = new h5.File(file, 'r');
      if (opened.file_id < 0n) throw new Error('not HDF5');
      return new Hdf5File(opened, file);
    } catch (cause) {
      throw new CovisError('INPUT_CORRUPT', 'This is not an HDF5 file, or it is damaged', { file, cause });
    }
  }

  close(): void {
    this.#file.close();
  }

  /** All numeric datasets below the root, depth first, in the file's order. */
  arrays(): H5Array[] {
    const found: H5Array[] = [];
    const walk = (group: h5.Group, prefix: string, depth: number): void => {
      if (depth > 32)
        throw new CovisError('INPUT_CORRUPT', 'This HDF5 file is nested too deeply', { file: this.#name });
      for (const key of group.keys()) {
        if (key.startsWith('#')) continue;
        const path = prefix === '' ? key : `${prefix}/${key}`;
        const item = group.get(key);
        if (item instanceof h5.Group) walk(item, path, depth + 1);
        else if (item instanceof h5.Dataset && item.shape !== null && /^[<>|]?[fhHiIlLqQbBde]/.test(String(item.dtype)))
          found.push({ path, shape: item.shape });
      }
    };
    walk(this.#file, '', 0);
    return found;
  }

  has(path: string): boolean {
    return this.#file.get(path) instanceof h5.Dataset;
  }

  /** A dataset as float32, row-major. @throws CovisError `NOT_FOUND`, `INPUT_CORRUPT`. */
  read(path: string): { shape: readonly number[]; data: Float32Array } {
    const item = this.#file.get(path);
    if (!(item instanceof h5.Dataset) || item.shape === null)
      throw new CovisError('NOT_FOUND', `The file has no dataset ${path}`, { file: this.#name });
    let value: unknown;
    try {
      value = item.value;
    } catch (cause) {
      throw new CovisError('INPUT_CORRUPT', `The dataset ${path} cannot be read`, { file: this.#name, cause });
    }
    if (!ArrayBuffer.isView(value))
      throw new CovisError('INPUT_UNSUPPORTED', `The dataset ${path} holds no numbers`, { file: this.#name });
    const numbers = value as unknown as ArrayLike<number | bigint>;
    const data = value instanceof Float32Array ? value : Float32Array.from(numbers, Number);
    return { shape: item.shape, data };
  }

  /** What object references of a dataset point to, for the cell arrays of MATLAB 7.3. */
  references(path: string): { shape: readonly number[]; data: Float32Array }[] {
    const item = this.#file.get(path);
    if (!(item instanceof h5.Dataset))
      throw new CovisError('NOT_FOUND', `The file has no dataset ${path}`, { file: this.#name });
    const refs = item.value as unknown as h5.Reference[];
    return refs.map((r) => {
      const target: unknown = this.#file.dereference(r);
      if (!(target instanceof h5.Dataset) || target.shape === null || !ArrayBuffer.isView(target.value))
        throw new CovisError('INPUT_UNSUPPORTED', `The cell array ${path} holds no numbers`, { file: this.#name });
      return { shape: target.shape, data: Float32Array.from(target.value as unknown as ArrayLike<number>) };
    });
  }
}
