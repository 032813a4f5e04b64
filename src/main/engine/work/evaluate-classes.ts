import { evaluateClassesJob } from '../../../shared/jobs/evaluate-classes.ts';
import { evaluateClasses } from '../evaluation/classes.ts';
import { resolveNetwork } from '../network/networks.ts';
import { askedSize } from './asked.ts';
import { work } from './work.ts';

export const evaluateClassesWork = work(evaluateClassesJob, async (library, p, task) => {
  const network = await resolveNetwork(library, p.network, 'default');
  const report = await evaluateClasses(library, network, p.classes, askedSize(p.size, network), p.seed ?? 0, task);
  return { network: network.uid, ...report };
});
