import { backendJob } from '../../../shared/jobs/backend.ts';
import { addBackEnd, removeBackEnd } from '../training/machine/add.ts';
import { work } from './work.ts';

export const backendWork = work(backendJob, async (_library, p, task) => {
  if (p.remove) return { added: removeBackEnd(p.add), report: null };
  // What npm says last is what the job is at.
  const report = await addBackEnd({ what: p.add, gpu: p.gpu }, task, (line) => task.step(line.slice(0, 120), 0, ''));
  task.changed('backends');
  return { added: report.added ?? p.add, report };
});
