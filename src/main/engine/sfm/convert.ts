import { join } from 'node:path';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { outsideLibraries, type Placing } from '../formats/target.ts';
import type { TaskContext } from '../queue/context.ts';
import { discoverScenes } from './discover.ts';
import type { SparseModel } from './model.ts';
import { photosAtHand, readModels } from './read.ts';
import { MODEL_WRITERS, writeModel, type WrittenFormat } from './writers/index.ts';

/**
 * Reads the models below a source, whatever wrote them, and writes each in another format; several go to folders of their own below
 * `out`. Nothing is put in its place before all models are read. @throws CovisError naming the file.
 */
export async function convertModels(
  source: string,
  options: {
    readonly to: WrittenFormat;
    readonly out: string;
    readonly images?: string | undefined;
    readonly skipDamaged?: boolean | undefined;
  } & Placing,
  task: TaskContext,
): Promise<JobResult<'convert'>> {
  const out = outsideLibraries(options.out);
  const warnings: string[] = [];
  const warn = (message: string): void => {
    warnings.push(message);
    task.warn(message);
  };
  const scenes = discoverScenes([source], options.images);
  const found: { name: string; model: SparseModel }[] = [];
  for (const scene of scenes) {
    for (const location of scene.models) {
      task.check();
      task.step(`Reading ${scene.name}`, 0, '');
      const parts = readModels(location, await photosAtHand(scene.images, location), warn, options);
      parts.forEach((model, i) => {
        const part = parts.length === 1 ? '' : String(i);
        const name = [scene.name, ...location.label.split('/'), part].filter((s) => s !== '').join('-');
        found.push({ name, model });
      });
    }
  }
  const models = found.map(({ name, model }) => {
    task.check();
    const folder = found.length === 1 ? out : join(out, name);
    task.step(`Writing ${name}`, 0, '');
    const mounted = model.rigs?.rigs.filter((r) => r.sensors.length > 1).length ?? 0;
    if (mounted > 0 && !options.to.startsWith('colmap'))
      warn(
        `${MODEL_WRITERS.find((w) => w.format === options.to)!.title} cannot hold rigs: the ${mounted} of ${name} are left out, each image keeps its pose`,
      );
    return {
      name,
      folder,
      views: model.views.length,
      points: model.pointError.length,
      observations: model.obsPoint.length,
      files: writeModel(model, options.to, folder, options),
    };
  });
  return { models, warnings };
}
