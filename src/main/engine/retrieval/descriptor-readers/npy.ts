import { CovisError } from '../../../../shared/errors.ts';
import { readNpy } from '../../formats/npy.ts';
import type { DescriptorFile, DescriptorReader } from './reader.ts';

/** NumPy's array, a row an image. */
export const npy: DescriptorReader = {
  format: 'npy',
  title: '.npy',
  named: /\.npy$/i,
  begins: (head) => head.toString('latin1').startsWith('\x93NUMPY'),
  read: fromNpy,
};

function fromNpy(file: string): DescriptorFile {
  const { shape, data } = readNpy(file);
  if (shape.length !== 2 || shape[1] === 0)
    throw new CovisError(
      'INPUT_INVALID',
      `Descriptors have two dimensions, one row an image; this array has the shape (${shape.join(', ')})`,
      {
        file,
        hint: 'Save them as a matrix [images, dimensions].',
      },
    );
  const vectors = {
    data: data instanceof Float32Array ? data : Float32Array.from(data),
    rows: shape[0]!,
    dim: shape[1]!,
  };
  return { vectors, images: vectors.rows };
}
