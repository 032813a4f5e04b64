/** `covis convert`: a model of one program as the files of another. */
import { convertJob } from '../../../shared/jobs/convert.ts';
import { saidBy } from '../../../shared/jobs/job.ts';
import { titles } from '../../engine/formats/recognise.ts';
import { convertModels } from '../../engine/sfm/convert.ts';
import { MODEL_READERS } from '../../engine/sfm/readers/index.ts';
import { command } from '../program/command.ts';
import { print, terminalContext } from '../program/output.ts';

const { source, ...options } = convertJob.params.shape;

export const convert = command({
  name: 'convert',
  summary: 'write 3D models as the files of another program',
  arguments: { source: source.meta({ help: `a model (${titles(MODEL_READERS)}), or a folder with one` }) },
  options,
  run: async (o) => {
    const task = terminalContext();
    const report = await convertModels(o.source, o, task).finally(() => task.finish());
    print(o.json, report, () => saidBy(convertJob, report));
  },
});
