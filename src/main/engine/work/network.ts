import { CovisError } from '../../../shared/errors.ts';
import { networkJob } from '../../../shared/jobs/network.ts';
import { addBackbone } from '../network/catalogue.ts';
import { work } from './work.ts';

export const networkWork = work(networkJob, async (library, { backbone: { id, file, pooling } }, task) => {
  if ((id === undefined) === (file === undefined))
    throw new CovisError('INPUT_INVALID', 'A backbone is named by its id or by its file');
  const source = file === undefined ? { id: id! } : { file };
  const { uid, spec } = await addBackbone(library, source, pooling, task);
  return { network: uid, name: spec.name, dim: spec.dim };
});
