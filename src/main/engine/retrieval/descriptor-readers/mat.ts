import { CovisError } from '../../../../shared/errors.ts';
import type { MatValue } from '../../formats/mat-values.ts';
import { readMat5 } from '../../formats/mat5.ts';
import type { Matrix } from '../rank.ts';
import { regional } from './assemble.ts';
import type { DescriptorFile, DescriptorReader } from './reader.ts';

/** MATLAB's file of versions 5 to 7: a column an image, or a cell of regions an image. Version 7.3 is HDF5. */
export const mat: DescriptorReader = {
  format: 'mat',
  title: '.mat',
  named: /\.mat$/i,
  begins: (head) => head.toString('latin1').startsWith('MATLAB 5.0 MAT-file'),
  read: fromMat,
};

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
    throw new CovisError('INPUT_INVALID', 'Descriptors in a .mat file are matrices with a column an image', {
      file,
      hint: 'Save them as one matrix, a column an image.',
    });
  return {
    data: v.data instanceof Float32Array ? v.data : Float32Array.from(v.data),
    rows: v.dims[1]!,
    dim: v.dims[0]!,
  };
}
