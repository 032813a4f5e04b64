import { createReadStream, existsSync, openSync, readSync, closeSync } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { CovisError } from '../../../shared/errors.ts';
import { Hdf5File } from '../formats/hdf5.ts';
import { readMat5, type MatValue } from '../formats/mat5.ts';
import { readNpy } from '../formats/npy.ts';
import type { Matrix } from './rank.ts';

/** Descriptors of a file, as they are there: not normalised. */
export interface DescriptorFile {
  readonly vectors: Matrix;
  /** One name an image, where the file has names. */
  readonly names?: readonly string[];
  /** Image of each row, where images have several regions. */
  readonly owners?: Uint32Array;
  readonly images: number;
}

/** Variables that MATLAB files call their descriptors, database first. */
const DATABASE_NAMES = ['X', 'V', 'vecs', 'glob', 'descriptors', 'features'];
const QUERY_NAMES = ['Q', 'qvecs', 'queries'];

/**
 * Reads descriptors of other programs (methods.md 9.3): `.npy` with a row an image, `.mat` of versions 5 to 7.3 with a column an image or
 * a cell of regions an image, HDF5 of hloc (`NAME/global_descriptor`), JSON Lines of `{"name", "descriptor"}`.
 * @param variable which variable of a `.mat` or HDF5 file, with dots into structs. @param role which names are looked for without it.
 * @throws CovisError `INPUT_*` naming the file.
 */
export async function readDescriptorFile(
  file: string,
  variable?: string,
  role: 'database' | 'queries' = 'database',
): Promise<DescriptorFile> {
  if (!existsSync(file)) throw new CovisError('INPUT_MISSING', 'This file does not exist', { file });
  if (/\.npy$/i.test(file)) return fromNpy(file);
  if (/\.jsonl$|\.ndjson$/i.test(file)) return fromJsonLines(file);
  const wanted = variable === undefined ? (role === 'database' ? DATABASE_NAMES : QUERY_NAMES) : [variable];
  if (isHdf5(file)) return fromHdf5(file, wanted);
  if (/\.mat$/i.test(file)) return fromMat(file, wanted);
  throw new CovisError(
    'INPUT_UNSUPPORTED',
    `Descriptors are read from .npy, .mat, .h5 and .jsonl, not from ${basename(file)}`,
    {
      file,
    },
  );
}

function isHdf5(file: string): boolean {
  const head = Buffer.alloc(520);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, head, 0, head.length, 0);
  } finally {
    closeSync(fd);
  }
  // MATLAB 7.3 puts 512 bytes of its own before.
  return [0, 512].some((at) => head.toString('latin1', at, at + 4) === '\x89HDF');
}

function fromNpy(file: string): DescriptorFile {
  const { shape, data } = readNpy(file);
  if (shape.length !== 2 || shape[1] === 0)
    throw new CovisError(
      'INPUT_INVALID',
      `Descriptors have two dimensions, one row an image; this array has the shape (${shape.join(', ')})`,
      {
        file,
      },
    );
  const vectors = {
    data: data instanceof Float32Array ? data : Float32Array.from(data),
    rows: shape[0]!,
    dim: shape[1]!,
  };
  return { vectors, images: vectors.rows };
}

async function fromJsonLines(file: string): Promise<DescriptorFile> {
  const names: string[] = [];
  const rows: Float32Array[] = [];
  const owners: number[] = [];
  let number = 0;
  let dim = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === '') continue;
    let record: Record<string, unknown>;
    try {
      record = JSON.parse(line) as Record<string, unknown>;
    } catch (cause) {
      throw new CovisError('INPUT_CORRUPT', `Line ${number} is not JSON`, { file, cause });
    }
    const name = record['name'] ?? record['photo'] ?? record['image'];
    const value = record['descriptor'] ?? record['vector'] ?? record['descriptors'];
    const lists = Array.isArray(value) && Array.isArray(value[0]) ? (value as unknown[][]) : [value as unknown[]];
    for (const list of lists) {
      if (!Array.isArray(list) || !list.every((v) => typeof v === 'number'))
        throw new CovisError('INPUT_CORRUPT', `Line ${number} has no descriptor, a list of numbers`, { file });
      dim ||= list.length;
      if (list.length !== dim || dim === 0)
        throw new CovisError(
          'INPUT_INVALID',
          `Line ${number} has ${list.length} dimensions, the lines before have ${dim}`,
          { file },
        );
      rows.push(Float32Array.from(list as number[]));
      owners.push(names.length);
    }
    names.push(typeof name === 'string' ? name : String(names.length));
  }
  return assembled(rows, owners, names);
}

function assembled(
  rows: readonly Float32Array[],
  owners: readonly number[],
  names?: readonly string[],
): DescriptorFile {
  const dim = rows[0]?.length ?? 0;
  const data = new Float32Array(rows.length * dim);
  rows.forEach((r, i) => data.set(r, i * dim));
  const images = names?.length ?? (owners.at(-1) ?? -1) + 1;
  const regional = rows.length !== images;
  return {
    vectors: { data, rows: rows.length, dim },
    images,
    ...(names === undefined ? {} : { names }),
    ...(regional ? { owners: Uint32Array.from(owners) } : {}),
  };
}

function fromMat(file: string, wanted: readonly string[]): DescriptorFile {
  const vars = readMat5(file);
  const lookUp = (path: string): MatValue | undefined => {
    const [first = '', ...rest] = path.split('.');
    let value = vars.get(first);
    for (const key of rest) value = value?.kind === 'struct' ? value.items[0]?.get(key) : undefined;
    return value;
  };
  const found = wanted.map(lookUp).find((v) => v !== undefined && v.kind !== 'text');
  const value = found?.kind === 'struct' ? (found.items[0]?.get('V') ?? found.items[0]?.get('Q')) : found;
  if (value === undefined)
    throw new CovisError('NOT_FOUND', `This .mat file has no variable ${wanted.join(' or ')}`, {
      file,
      hint: `It has ${[...vars.keys()].join(', ')}. Name one with --variable.`,
    });
  if (value.kind === 'cell') {
    const parts = value.items.map((item) => columns(item, file));
    return regional(parts);
  }
  const { rows, dim, data } = columns(value, file);
  return { vectors: { data, rows, dim }, images: rows };
}

/** MATLAB keeps columns together, so that a column an image is a row an image here. */
function columns(v: MatValue, file: string): Matrix {
  if (v.kind !== 'numbers' || v.dims.length !== 2 || v.dims[0] === 0)
    throw new CovisError('INPUT_INVALID', 'Descriptors in a .mat file are matrices with a column an image', { file });
  return {
    data: v.data instanceof Float32Array ? v.data : Float32Array.from(v.data),
    rows: v.dims[1]!,
    dim: v.dims[0]!,
  };
}

function regional(parts: readonly Matrix[]): DescriptorFile {
  const dim = parts[0]?.dim ?? 0;
  const total = parts.reduce((n, p) => n + p.rows, 0);
  const data = new Float32Array(total * dim);
  const owners = new Uint32Array(total);
  let at = 0;
  parts.forEach((p, i) => {
    if (p.dim !== dim)
      throw new CovisError('INPUT_INVALID', `Image ${i} has ${p.dim} dimensions, the first has ${dim}`);
    data.set(p.data.subarray(0, p.rows * dim), at * dim);
    owners.fill(i, at, at + p.rows);
    at += p.rows;
  });
  return { vectors: { data, rows: total, dim }, owners, images: parts.length };
}

const HLOC = 'global_descriptor';

async function fromHdf5(file: string, wanted: readonly string[]): Promise<DescriptorFile> {
  const h5 = await Hdf5File.open(file);
  try {
    const arrays = h5.arrays();
    const global = arrays.filter((a) => a.path.endsWith(`/${HLOC}`));
    if (global.length > 0) {
      const names = global.map((a) => a.path.slice(0, -HLOC.length - 1));
      const order = names.map((_, i) => i).sort((a, b) => (names[a]! < names[b]! ? -1 : 1));
      const rows = order.map((i) => h5.read(global[i]!.path).data);
      const odd = rows.findIndex((r) => r.length !== rows[0]!.length);
      if (odd >= 0)
        throw new CovisError(
          'INPUT_INVALID',
          `${names[order[odd]!]} has ${rows[odd]!.length} dimensions, the first has ${rows[0]!.length}`,
          {
            file,
          },
        );
      return assembled(
        rows,
        order.map((_, i) => i),
        order.map((i) => names[i]!),
      );
    }
    for (const name of wanted) {
      const path = name.replaceAll('.', '/');
      for (const candidate of [path, `${path}/V`, `${path}/Q`]) {
        if (!h5.has(candidate)) continue;
        const direct = arrays.find((a) => a.path === candidate);
        if (direct === undefined) {
          // A cell array: references to one matrix an image, stored transposed, so that rows are regions.
          return regional(h5.references(candidate).map((m) => ({ data: m.data, rows: m.shape[0]!, dim: m.shape[1]! })));
        }
        const { shape, data } = h5.read(candidate);
        if (shape.length === 2) return { vectors: { data, rows: shape[0]!, dim: shape[1]! }, images: shape[0]! };
      }
    }
    throw new CovisError('NOT_FOUND', `This file has no dataset ${wanted.join(' or ')} and no NAME/${HLOC}`, {
      file,
      hint: `It has ${arrays
        .slice(0, 8)
        .map((a) => a.path)
        .join(', ')}. Name one with --variable.`,
    });
  } finally {
    h5.close();
  }
}
