import { closeSync, existsSync, readSync } from 'node:fs';
import type * as H5 from 'h5wasm';
import { CovisError } from '../../../shared/errors.ts';
import { Budget } from './budget.ts';
import { H5Disk } from './h5-disk.ts';
import { refuseStandIn } from './recognise.ts';
import { openRegular } from './regular.ts';
import { shortFloats, type ShortFloat } from './hdf5-floats.ts';
import { decodeNumbers, fromBfloat16, isNumberType, type Numbers, type NumberType } from './numbers.ts';

/** A numeric dataset of an HDF5 file, row-major. */
export interface H5Array {
  readonly path: string;
  readonly shape: readonly number[];
}

/** MATLAB's own groups, which hold what its cells and objects refer to. */
const MATLAB_OWN = new Set(['#refs#', '#subsystem#']);
/** What a name in a group counts: it takes more than so many bytes of the file. */
const LINK = 16;
const DEEPEST = 32;
const SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');

/** The kind of number of a dataset; undefined for texts, references and the like. h5py's truth values are an enumeration of bytes. */
function typeOf({ type, size, signed }: H5.Dataset['metadata']): NumberType | undefined {
  const { H5T_INTEGER, H5T_FLOAT, H5T_ENUM } = h5.Module.H5T_class_t;
  const code =
    type === H5T_FLOAT.value
      ? `f${size}`
      : type === H5T_INTEGER.value
        ? `${signed ? 'i' : 'u'}${size}`
        : type === H5T_ENUM.value && size === 1
          ? 'b1'
          : '';
  return isNumberType(code) ? code : undefined;
}

/** HDF5's signature stands at the file's beginning, or behind a block of another program of 512 bytes or twice, four times … as much. */
function hasSignature(fd: number, size: number): boolean {
  const found = Buffer.alloc(SIGNATURE.length);
  for (let at = 0; at + SIGNATURE.length <= size; at = at === 0 ? 512 : 2 * at) {
    readSync(fd, found, 0, SIGNATURE.length, at);
    if (found.equals(SIGNATURE)) return true;
  }
  return false;
}

/** Read with the first file: it takes longer to come up than the rest of most commands. */
let h5: typeof H5;
let disk: H5Disk | undefined;

/** The HDF5 library with a disk on which there is nothing but the files that are opened here. */
async function library(): Promise<H5Disk> {
  h5 = await import('h5wasm');
  await h5.ready;
  if (disk === undefined) {
    // Otherwise HDF5 writes its stack to standard error and says nothing to the caller.
    h5.Module.activate_throwing_error_handler();
    disk = new H5Disk(h5.Module);
  }
  return disk;
}

/** What has this name; null where nothing has, or where it cannot be opened. */
function entryOf(group: H5.Group, name: string): ReturnType<H5.Group['get']> {
  try {
    return group.get(name);
  } catch {
    // HDF5 says why in a stack of its own, which helps nobody: what lacks it is told by its name.
    return null;
  }
}

/**
 * An HDF5 file opened for reading; MATLAB's version 7.3 is one too. Close it when done. What it keeps in other files, by external links,
 * external storage or virtual datasets, is refused, and cannot be reached.
 */
export class Hdf5File {
  readonly #file: H5.File;
  readonly #name: string;
  readonly #budget: Budget;
  readonly #disk: H5Disk;
  readonly #fd: number;
  readonly #closed: () => void;
  #short: ShortFloat | undefined;

  private constructor(
    file: H5.File,
    name: string,
    { fd, size }: { fd: number; size: number },
    disk: H5Disk,
    closed: () => void,
  ) {
    this.#fd = fd;
    this.#file = file;
    this.#name = name;
    this.#budget = new Budget(name, size);
    this.#disk = disk;
    this.#closed = closed;
  }

  /** @throws CovisError `INPUT_MISSING`, or `INPUT_CORRUPT` for a file that is no HDF5. */
  static async open(file: string): Promise<Hdf5File> {
    if (!existsSync(file)) throw new CovisError('INPUT_MISSING', 'This file does not exist', { file });
    refuseStandIn(file);
    const disk = await library();
    const {
      fd,
      stats: { size },
    } = openRegular(file);
    try {
      if (!hasSignature(fd, size)) throw new CovisError('INPUT_CORRUPT', 'This is not an HDF5 file', { file });
      const { opened, remove } = disk.put(fd, size, (path) => {
        const h = new h5.File(path, 'r');
        if (h.file_id < 0n) throw new Error('not HDF5');
        return h;
      });
      return new Hdf5File(opened, file, { fd, size }, disk, () => {
        remove();
        closeSync(fd);
      });
    } catch (cause) {
      closeSync(fd);
      if (cause instanceof CovisError) throw cause;
      throw new CovisError('INPUT_CORRUPT', 'This is not an HDF5 file, or it is damaged', { file, cause });
    }
  }

  close(): void {
    this.#file.close();
    this.#closed();
  }

  /** What the library throws at a damaged file is a stack of calls of its own, which helps nobody. */
  #sound<T>(what: string, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof CovisError) throw cause;
      throw new CovisError('INPUT_CORRUPT', `${what} cannot be read`, { file: this.#name, cause });
    }
  }

  #elsewhere(path: string, where: string): CovisError {
    return new CovisError('INPUT_UNSUPPORTED', `${path} lies in another file, ${where}, which is not opened`, {
      file: this.#name,
      hint: 'Put everything into one file, for example with h5repack or h5py.',
    });
  }

  /**
   * All numeric datasets below the root, depth first, in the file's order.
   * @param unreadable told the names that cannot be opened, as of those that are no UTF-8.
   */
  arrays(unreadable?: (path: string) => void): H5Array[] {
    return this.#sound('The list of datasets', () => this.#arrays(unreadable));
  }

  #arrays(unreadable?: (path: string) => void): H5Array[] {
    const found: H5Array[] = [];
    const walk = (group: H5.Group, prefix: string, depth: number): void => {
      if (depth > DEEPEST)
        throw new CovisError('INPUT_CORRUPT', 'This HDF5 file is nested too deeply', { file: this.#name });
      for (const key of group.keys()) {
        this.#budget.items(LINK);
        if (prefix === '' && MATLAB_OWN.has(key)) continue;
        const path = prefix === '' ? key : `${prefix}/${key}`;
        const item = entryOf(group, key);
        if (item instanceof h5.Group) walk(item, path, depth + 1);
        else if (item instanceof h5.Dataset) {
          if (item.shape !== null && typeOf(item.metadata) !== undefined) found.push({ path, shape: item.shape });
        } else if (item instanceof h5.ExternalLink) throw this.#elsewhere(path, item.filename);
        else if (item === null) unreadable?.(path);
      }
    };
    walk(this.#file, '', 0);
    return found;
  }

  has(path: string): boolean {
    return entryOf(this.#file, path) instanceof h5.Dataset;
  }

  /** A dataset as float32, row-major. @throws CovisError `NOT_FOUND`, `INPUT_CORRUPT`, `INPUT_UNSUPPORTED`. */
  read(path: string): { shape: readonly number[]; data: Float32Array } {
    const { shape, data } = this.numbers(path);
    return { shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
  }

  /** A dataset with its numbers as they are, row-major. @throws CovisError as {@link read}. */
  numbers(path: string): { shape: readonly number[]; data: Numbers } {
    return this.#sound(`The dataset ${path}`, () => this.#numbers(path));
  }

  #numbers(path: string): { shape: readonly number[]; data: Numbers } {
    const item = entryOf(this.#file, path);
    if (!(item instanceof h5.Dataset) || item.shape === null)
      throw new CovisError('NOT_FOUND', `The file has no dataset ${path}`, { file: this.#name });
    return { shape: item.shape, data: this.#values(item, path) };
  }

  /** Read below the level at which half precision is refused and a failed filter goes unnoticed. */
  #values(item: H5.Dataset, path: string): Numbers {
    const type = typeOf(item.metadata);
    if (type === undefined)
      throw new CovisError('INPUT_UNSUPPORTED', `The dataset ${path} holds no numbers`, {
        file: this.#name,
      });
    const bfloat16 = type === 'f2' && this.#shortFloat(path) === 'bfloat16';
    const { size, total_size: count, virtual_sources: sources } = item.metadata;
    // Where a source is not there, HDF5 gives zeros without a word.
    if (sources !== undefined && sources.length > 0) throw this.#elsewhere(path, sources[0]!.file_name);
    const bytes = size * count;
    // They are held here and there, and some are widened.
    this.#budget.bytes(3 * bytes);
    this.#disk.wanted = undefined;
    const at = bytes === 0 ? 0 : h5.Module._malloc(bytes);
    if (bytes > 0 && at === 0)
      throw new CovisError('INPUT_UNSUPPORTED', `The dataset ${path} has ${bytes} bytes, too many to be held`, {
        file: this.#name,
      });
    try {
      const status =
        bytes === 0 ? 0 : h5.Module.get_dataset_data(item.file_id, item.path, null, null, null, BigInt(at));
      if (status < 0) throw new Error(`HDF5 says ${status}`);
      // The library has put the bytes in this machine's order.
      if (bfloat16) return fromBfloat16(h5.Module.HEAPU8.slice(at, at + bytes));
      return decodeNumbers(h5.Module.HEAPU8.slice(at, at + bytes), type, false, (v) => this.#inexact(path, v));
    } catch (cause) {
      if (cause instanceof CovisError) throw cause;
      const { wanted } = this.#disk;
      if (wanted !== undefined) throw this.#elsewhere(path, wanted);
      throw new CovisError('INPUT_CORRUPT', `The dataset ${path} cannot be read`, {
        file: this.#name,
        cause,
        hint: 'It is damaged, or packed by a filter other than gzip and shuffle: h5repack -f NONE unpacks it.',
      });
    } finally {
      if (at !== 0) h5.Module._free(at);
    }
  }

  /** What 16-bit floats of this file are. @throws CovisError `INPUT_UNSUPPORTED` where there are several kinds, or an unknown one. */
  #shortFloat(path: string): ShortFloat {
    if (this.#short !== undefined) return this.#short;
    const [kind = 'other', ...more] = shortFloats(this.#fd);
    if (kind === 'other' || more.length > 0)
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        more.length > 0
          ? `The dataset ${path} holds floats of 16 bits, of which this file has several kinds`
          : `The dataset ${path} holds floats of 16 bits that are neither half precision nor bfloat16`,
        { file: this.#name, hint: 'Save it as float32.' },
      );
    this.#short = kind;
    return kind;
  }

  #inexact(path: string, value: bigint): CovisError {
    return new CovisError('INPUT_UNSUPPORTED', `The dataset ${path} holds the integer ${value}, beyond 2^53`, {
      file: this.#name,
    });
  }

  /**
   * A sparse matrix of MATLAB 7.3, dense: a row here is a column there, as with its full matrices.
   * @returns undefined where `path` is none.
   */
  sparse(path: string): { shape: readonly [number, number]; data: Float32Array } | undefined {
    return this.#sound(`The matrix ${path}`, () => this.#sparse(path));
  }

  #sparse(path: string): { shape: readonly [number, number]; data: Float32Array } | undefined {
    const group = entryOf(this.#file, path);
    if (!(group instanceof h5.Group)) return undefined;
    const attribute = group.attrs['MATLAB_sparse'];
    if (attribute === undefined) return undefined;
    const height = Number(attribute.value);
    const starts = this.numbers(`${path}/jc`).data;
    const columns = starts.length - 1;
    const wrong = (what: string): CovisError =>
      new CovisError('INPUT_CORRUPT', `The sparse matrix ${path} ${what}`, { file: this.#name });
    if (!Number.isSafeInteger(height) || height < 0 || columns < 0) throw wrong('has an absurd size');
    this.#budget.dense(4 * height * columns);
    const data = new Float32Array(height * columns);
    const filled = starts[columns]!;
    // MATLAB leaves out the lists of a matrix of zeros.
    const rows = filled === 0 ? new Uint32Array(0) : this.numbers(`${path}/ir`).data;
    const values = filled === 0 ? new Float64Array(0) : this.numbers(`${path}/data`).data;
    if (starts[0] !== 0 || rows.length < filled || values.length < filled) throw wrong('is shorter than it says');
    for (let c = 0; c < columns; c += 1) {
      const [from, to] = [starts[c]!, starts[c + 1]!];
      if (to < from || to > filled) throw wrong('has columns out of order');
      for (let k = from; k < to; k += 1) {
        const r = rows[k]!;
        if (!(r >= 0 && r < height)) throw wrong(`names row ${r} of ${height}`);
        data[c * height + r] = values[k]!;
      }
    }
    return { shape: [columns, height], data };
  }

  /** What object references of a dataset point to, for the cell arrays of MATLAB 7.3. */
  references(path: string): { shape: readonly number[]; data: Float32Array }[] {
    return this.#sound(`The cell array ${path}`, () => this.#references(path));
  }

  #references(path: string): { shape: readonly number[]; data: Float32Array }[] {
    const item = entryOf(this.#file, path);
    if (!(item instanceof h5.Dataset))
      throw new CovisError('NOT_FOUND', `The file has no dataset ${path}`, { file: this.#name });
    const refs: unknown = item.value;
    if (!Array.isArray(refs) || !refs.every((r) => r instanceof h5.Reference))
      throw new CovisError('INPUT_UNSUPPORTED', `The dataset ${path} holds neither numbers nor cells of numbers`, {
        file: this.#name,
      });
    return refs.map((r) => {
      const target: unknown = this.#file.dereference(r);
      if (!(target instanceof h5.Dataset) || target.shape === null || typeOf(target.metadata) === undefined)
        throw new CovisError('INPUT_UNSUPPORTED', `The cell array ${path} holds no numbers`, { file: this.#name });
      return { shape: target.shape, data: Float32Array.from(this.#values(target, path)) };
    });
  }
}
