/** `covis convert`: a model of one program as the files of another. */
import { z } from 'zod';
import { folder, force, path } from '../../../shared/fields.ts';
import { titles } from '../../engine/formats/recognise.ts';
import { convertModels } from '../../engine/sfm/convert.ts';
import { MODEL_READERS } from '../../engine/sfm/readers/index.ts';
import { WRITTEN_FORMATS } from '../../engine/sfm/writers/index.ts';
import { command } from '../program/command.ts';
import { print, terminalContext } from '../program/output.ts';

export const convert = command({
  name: 'convert',
  summary: 'write 3D models as the files of another program',
  arguments: {
    source: path.meta({
      help: `a model (${titles(MODEL_READERS)}), or a folder with one`,
    }),
  },
  options: {
    to: z.enum(WRITTEN_FORMATS).meta({ value: 'format' }),
    out: folder.meta({ help: 'where to' }),
    skipDamaged: z.boolean().default(false).meta({
      help: 'take the rest of a model whose observations or tracks refer to points or images that are not there',
    }),
    force,
    images: folder.optional().meta({ help: 'where the photos lie; Bundler and NVM do not say how large they are' }),
  },
  run: async (o) => {
    const task = terminalContext();
    const report = await convertModels(
      o.source,
      { to: o.to, out: o.out, images: o.images, skipDamaged: o.skipDamaged, force: o.force },
      task,
    );
    task.finish();
    print(o.json, report, () =>
      report.models.map((m) => `${m.name}: ${m.views} images, ${m.points} points in ${m.folder}`),
    );
  },
});
