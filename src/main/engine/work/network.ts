import { CovisError } from '../../../shared/errors.ts';
import { networkJob } from '../../../shared/jobs/network.ts';
import { addBackbone } from '../network/catalogue.ts';
import { networkInWords } from '../../../shared/networks-in-words.ts';
import { PREPROCESSING } from '../network/preprocessing.ts';
import { obstacleOf } from '../network/differentiable.ts';
import { work } from './work.ts';

export const networkWork = work(
  networkJob,
  async (library, { backbone: { id, file, from, pixels, ...wishes } }, task) => {
    if ((id === undefined) === (file === undefined))
      throw new CovisError('INPUT_INVALID', 'A backbone is named by its id or by its file');
    if (file !== undefined && from !== undefined)
      throw new CovisError('INPUT_INVALID', 'A folder is of a backbone of the catalogue, not of a file');
    const source = file === undefined ? { id: id!, from } : { file };
    const preprocess = pixels === undefined ? undefined : PREPROCESSING[pixels];
    const { uid, spec } = await addBackbone(library, source, { ...wishes, preprocess }, task);
    const said = networkInWords(spec, obstacleOf(spec));
    return { network: uid, name: spec.name, dim: spec.dim, said };
  },
);
