/** `covis edges`: the edge map of every photo of a folder. */
import { edgesJob } from '../../../shared/jobs/edges.ts';
import { saidBy } from '../../../shared/jobs/job.ts';
import { edgeFolder } from '../../engine/edges/edge-folder.ts';
import { command } from '../program/command.ts';
import { print, terminalContext } from '../program/output.ts';

const { classical: _byName, ...options } = edgesJob.params.shape;

export const edges = command({
  name: 'edges',
  summary: 'write the edge map of every photo of a folder as a grey PNG',
  options,
  run: async (o) => {
    const task = terminalContext();
    const report = await edgeFolder(o, task).finally(() => task.finish());
    print(o.json, report, () => saidBy(edgesJob, report));
  },
});
