import { projectJob } from '../../../shared/jobs/project.ts';
import { networkInWords } from '../../../shared/networks-in-words.ts';
import { obstacleOf } from '../network/differentiable.ts';
import { projectNetwork } from '../network/linear-head.ts';
import { resolveNetwork } from '../network/networks.ts';
import { work } from './work.ts';

export const projectWork = work(projectJob, async (library, p, task) => {
  const network = await resolveNetwork(library, p.network, 'default');
  task.step('Appending a layer', 0, '');
  const { uid, spec } = projectNetwork(library, network, p.project, p.seed ?? 0);
  task.changed('networks');
  return { network: uid, name: spec.name, dim: spec.dim, said: networkInWords(spec, obstacleOf(spec)) };
});
