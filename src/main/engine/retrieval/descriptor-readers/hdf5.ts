import { CovisError } from '../../../../shared/errors.ts';
import { Hdf5File } from '../../formats/hdf5.ts';
import { assembled, regional } from './assemble.ts';
import type { DescriptorFile, DescriptorReader } from './reader.ts';

/** HDF5: hloc's `NAME/global_descriptor`, or a dataset as MATLAB 7.3 has it. */
export const hdf5: DescriptorReader = {
  format: 'hdf5',
  title: '.h5',
  named: /\.(h5|hdf5)$/i,
  // MATLAB 7.3 puts 512 bytes of its own before.
  begins: (head) => [0, 512].some((at) => head.toString('latin1', at, at + 4) === '\x89HDF'),
  read: fromHdf5,
};

const HLOC = 'global_descriptor';

async function fromHdf5(file: string, wanted: readonly string[]): Promise<DescriptorFile> {
  const h5 = await Hdf5File.open(file);
  try {
    const unreadable: string[] = [];
    const arrays = h5.arrays((path) => unreadable.push(path));
    const global = arrays.filter((a) => a.path.endsWith(`/${HLOC}`));
    if (global.length > 0) {
      const names = global.map((a) => a.path.slice(0, -HLOC.length - 1));
      const flat = global.findIndex((a) => a.shape.filter((n) => n !== 1).length > 1);
      if (flat >= 0)
        throw new CovisError(
          'INPUT_INVALID',
          `${global[flat]!.path} has the shape (${global[flat]!.shape.join(', ')}); a photo has one list of numbers`,
          { file, hint: 'Describe the photos with a global model of hloc, such as netvlad.' },
        );
      const order = names.map((_, i) => i).sort((a, b) => (names[a]! < names[b]! ? -1 : 1));
      const rows = order.map((i) => h5.read(global[i]!.path).data);
      const odd = rows.findIndex((r) => r.length !== rows[0]!.length);
      if (odd >= 0)
        throw new CovisError(
          'INPUT_INVALID',
          `${names[order[odd]!]} has ${rows[odd]!.length} dimensions, the first has ${rows[0]!.length}`,
          {
            file,
            hint: 'Descriptors of one file are of one network: describe all photos again with one.',
          },
        );
      return {
        ...assembled(
          rows,
          order.map((_, i) => i),
          order.map((i) => names[i]!),
        ),
        ...(unreadable.length === 0 ? {} : { unreadable }),
      };
    }
    for (const name of wanted) {
      const path = name.replaceAll('.', '/');
      for (const candidate of [path, `${path}/V`, `${path}/Q`]) {
        const sparse = h5.sparse(candidate);
        if (sparse !== undefined)
          return {
            vectors: { data: sparse.data, rows: sparse.shape[0], dim: sparse.shape[1] },
            images: sparse.shape[0],
          };
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
      hint:
        arrays.length === 0
          ? 'It has no dataset of numbers at all.'
          : `It has ${arrays
              .slice(0, 8)
              .map((a) => a.path)
              .join(', ')}${arrays.length > 8 ? ' and more' : ''}. Name one with --variable.`,
    });
  } finally {
    h5.close();
  }
}
