/** `covis convert`: a model of one program as the files of another. */
import { CovisError } from '../../../shared/errors.ts';
import { convertModels } from '../../engine/sfm/convert.ts';
import { WRITTEN_FORMATS, type WrittenFormat } from '../../engine/sfm/writers.ts';
import { print, terminalContext } from '../output.ts';
import { action, command, type Options } from '../program.ts';

/** Adds the command. */
export function addConvert(): void {
  action(
    command('convert', 'write 3D models as the files of another program')
      .argument(
        '<source>',
        'a COLMAP model, a Bundler .out, NVM, OpenMVG sfm_data.json, OpenSfM reconstruction.json, nerfstudio transforms.json, or a folder with one',
      )
      .requiredOption('--to <format>', WRITTEN_FORMATS.join(', '))
      .requiredOption('--out <folder>', 'where to')
      .option('--images <folder>', 'where the photos lie; Bundler and NVM do not say how large they are'),
    async (o: Options, source: string) => {
      const to = o['to'] as WrittenFormat;
      if (!WRITTEN_FORMATS.includes(to))
        throw new CovisError('INPUT_INVALID', `--to takes ${WRITTEN_FORMATS.join(', ')}, not "${to}"`);
      const task = terminalContext();
      const out = o['out'] as string;
      const report = await convertModels(source, { to, out, images: o['images'] as string | undefined }, task);
      task.finish();
      print(o.json === true, report, () =>
        report.models.map((m) => `${m.name}: ${m.views} images, ${m.points} points in ${m.folder}`),
      );
    },
  );
}
