import { join } from 'node:path';
import { CAMERA_MODELS, focalLength, rotationMatrix, type Camera, type SparseModel } from '../model.ts';
import { radialOf, refuseSpaces, tracksOf } from './parts.ts';
import { write } from './sink.ts';
import type { ModelWriter } from './writer.ts';

/** Bundler's bundle.out and list.txt (methods.md 9.5). */
export const bundler = {
  format: 'bundler',
  title: 'Bundler .out',
  write: writeBundler,
} as const satisfies ModelWriter;

/** Principal point in pixels. */
function principalOf(c: Camera): [number, number] {
  const focals = CAMERA_MODELS.find((m) => m.name === c.model)?.focals ?? 0;
  return focals === 0 ? [c.width / 2, c.height / 2] : [c.params[focals]!, c.params[focals + 1]!];
}

function writeBundler(model: SparseModel, folder: string): string[] {
  refuseSpaces(model, "Bundler's list");
  const cameras = new Map(model.cameras.map((c) => [c.id, c]));
  const tracks = tracksOf(model);
  return [
    write(join(folder, 'bundle.out'), (s) => {
      s.text(`# Bundle file v0.3\n${model.views.length} ${model.pointError.length}\n`);
      for (const v of model.views) {
        const camera = cameras.get(v.cameraId)!;
        const r = Array.from(rotationMatrix(v.rotation), (x, i) => (i < 3 ? x : -x));
        const [tx, ty, tz] = v.translation;
        s.text(`${focalLength(camera)} ${radialOf(camera).join(' ')}\n`);
        for (let i = 0; i < 9; i += 3) s.text(`${r.slice(i, i + 3).join(' ')}\n`);
        s.text(`${tx} ${-ty} ${-tz}\n`);
      }
      for (let p = 0; p < model.pointError.length; p += 1) {
        const [from, to] = [tracks.offsets[p]!, tracks.offsets[p + 1]!];
        s.text(`${model.pointXyz.subarray(3 * p, 3 * p + 3).join(' ')}\n`);
        s.text(`${model.pointRgb.subarray(3 * p, 3 * p + 3).join(' ')}\n${to - from}`);
        for (let k = from; k < to; k += 1) {
          const o = tracks.obs[k]!;
          const [cx, cy] = principalOf(cameras.get(model.views[tracks.view[k]!]!.cameraId)!);
          s.text(
            ` ${tracks.view[k]!} ${tracks.feature[k]!} ${model.obsXy[2 * o]! - cx} ${cy - model.obsXy[2 * o + 1]!}`,
          );
        }
        s.text('\n');
      }
    }),
    write(join(folder, 'list.txt'), (s) => {
      for (const v of model.views) s.text(`${v.name}\n`);
    }),
  ];
}
