import { join } from 'node:path';
import type { SparseModel } from '../model.ts';
import { refuseSpaces, tracksOf } from './parts.ts';
import { rigsText } from './rigs.ts';
import { write } from './sink.ts';
import type { ModelWriter } from './writer.ts';

const NO_POINT_ERROR = -1;

/** COLMAP's cameras.txt, images.txt and points3D.txt (methods.md 9.4). */
export const colmapTxt = {
  format: 'colmap-txt',
  title: 'COLMAP folder of text files',
  optional: ['rigs.txt', 'frames.txt'],
  write: colmapText,
} as const satisfies ModelWriter;

function colmapText(model: SparseModel, folder: string): string[] {
  refuseSpaces(model, "COLMAP's text format");
  const tracks = tracksOf(model);
  return [
    write(join(folder, 'cameras.txt'), (s) => {
      s.text('# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]\n');
      for (const c of model.cameras) s.text(`${[c.id, c.model, c.width, c.height, ...c.params].join(' ')}\n`);
    }),
    write(join(folder, 'images.txt'), (s) => {
      s.text('# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME\n# POINTS2D[] as (X, Y, POINT3D_ID)\n');
      model.views.forEach((v, i) => {
        s.text(`${[v.imageId, ...v.rotation, ...v.translation, v.cameraId, v.name].join(' ')}\n`);
        for (let k = model.viewOffsets[i]!; k < model.viewOffsets[i + 1]!; k += 1)
          s.text(
            `${k > model.viewOffsets[i]! ? ' ' : ''}${model.obsXy[2 * k]!} ${model.obsXy[2 * k + 1]!} ${model.obsPoint[k]! + 1}`,
          );
        s.text('\n');
      });
    }),
    write(join(folder, 'points3D.txt'), (s) => {
      s.text('# POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[] as (IMAGE_ID, POINT2D_IDX)\n');
      for (let p = 0; p < model.pointError.length; p += 1) {
        s.text(
          [p + 1, ...model.pointXyz.subarray(3 * p, 3 * p + 3), ...model.pointRgb.subarray(3 * p, 3 * p + 3)].join(' '),
        );
        s.text(` ${model.pointError[p] === NO_POINT_ERROR ? -1 : model.pointError[p]!}`);
        for (let k = tracks.offsets[p]!; k < tracks.offsets[p + 1]!; k += 1)
          s.text(` ${model.views[tracks.view[k]!]!.imageId} ${tracks.feature[k]!}`);
        s.text('\n');
      }
    }),
    ...rigsText(model, folder),
  ];
}
