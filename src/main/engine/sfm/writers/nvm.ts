import { join } from 'node:path';
import { cameraCentre, focalLength, type SparseModel } from '../model.ts';
import { radialOf, tracksOf } from './parts.ts';
import { write } from './sink.ts';
import type { ModelWriter } from './writer.ts';

/** VisualSFM's model.nvm (methods.md 9.6). */
export const nvm = {
  format: 'nvm',
  title: 'NVM of VisualSFM',
  write: writeNvm,
} as const satisfies ModelWriter;

function writeNvm(model: SparseModel, folder: string): string[] {
  const cameras = new Map(model.cameras.map((c) => [c.id, c]));
  const tracks = tracksOf(model);
  const file = write(join(folder, 'model.nvm'), (s) => {
    s.text(`NVM_V3\n\n${model.views.length}\n`);
    for (const v of model.views) {
      const camera = cameras.get(v.cameraId)!;
      const [k1] = radialOf(camera);
      s.text(
        `${v.name} ${[focalLength(camera), ...v.rotation, ...cameraCentre(v), k1 === 0 ? 0 : -k1, 0].join(' ')}\n`,
      );
    }
    s.text(`\n${model.pointError.length}\n`);
    for (let p = 0; p < model.pointError.length; p += 1) {
      const [from, to] = [tracks.offsets[p]!, tracks.offsets[p + 1]!];
      s.text(
        [...model.pointXyz.subarray(3 * p, 3 * p + 3), ...model.pointRgb.subarray(3 * p, 3 * p + 3), to - from].join(
          ' ',
        ),
      );
      for (let k = from; k < to; k += 1) {
        const o = tracks.obs[k]!;
        s.text(` ${tracks.view[k]!} ${tracks.feature[k]!} ${model.obsXy[2 * o]!} ${model.obsXy[2 * o + 1]!}`);
      }
      s.text('\n');
    }
    s.text('\n0\n');
  });
  return [file];
}
