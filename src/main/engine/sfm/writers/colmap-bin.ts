import { join } from 'node:path';
import { CAMERA_MODELS, type SparseModel } from '../model.ts';
import { tracksOf } from './parts.ts';
import { rigsBinary } from './rigs.ts';
import { write } from './sink.ts';
import type { ModelWriter } from './writer.ts';

/** COLMAP's cameras.bin, images.bin and points3D.bin (methods.md 9.4). */
export const colmapBin = {
  format: 'colmap-bin',
  title: 'COLMAP folder',
  optional: ['rigs.bin', 'frames.bin'],
  write: colmapBinary,
} as const satisfies ModelWriter;

function colmapBinary(model: SparseModel, folder: string): string[] {
  const tracks = tracksOf(model);
  return [
    write(join(folder, 'cameras.bin'), (s) => {
      s.u64(model.cameras.length);
      for (const c of model.cameras) {
        s.u32(c.id);
        s.i32(CAMERA_MODELS.findIndex((m) => m.name === c.model));
        s.u64(c.width);
        s.u64(c.height);
        for (const p of c.params) s.f64(p);
      }
    }),
    write(join(folder, 'images.bin'), (s) => {
      s.u64(model.views.length);
      model.views.forEach((v, i) => {
        s.u32(v.imageId);
        for (const q of v.rotation) s.f64(q);
        for (const t of v.translation) s.f64(t);
        s.u32(v.cameraId);
        s.text(v.name);
        s.u8(0);
        const [from, to] = [model.viewOffsets[i]!, model.viewOffsets[i + 1]!];
        s.u64(to - from);
        for (let k = from; k < to; k += 1) {
          s.f64(model.obsXy[2 * k]!);
          s.f64(model.obsXy[2 * k + 1]!);
          s.u64(model.obsPoint[k]! + 1);
        }
      });
    }),
    write(join(folder, 'points3D.bin'), (s) => {
      s.u64(model.pointError.length);
      for (let p = 0; p < model.pointError.length; p += 1) {
        s.u64(p + 1);
        for (let k = 0; k < 3; k += 1) s.f64(model.pointXyz[3 * p + k]!);
        for (let k = 0; k < 3; k += 1) s.u8(model.pointRgb[3 * p + k]!);
        s.f64(model.pointError[p]!);
        s.u64(tracks.offsets[p + 1]! - tracks.offsets[p]!);
        for (let k = tracks.offsets[p]!; k < tracks.offsets[p + 1]!; k += 1) {
          s.u32(model.views[tracks.view[k]!]!.imageId);
          s.u32(tracks.feature[k]!);
        }
      }
    }),
    ...rigsBinary(model, folder),
  ];
}
