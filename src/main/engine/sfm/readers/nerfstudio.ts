import { nameIndex, withoutEnding } from '../../library/names.ts';
import { isRotation, quaternionOf, translationOf, type Camera, type SparseModel } from '../model.ts';
import type { ReadOptions } from '../model-builder.ts';
import { faultOf, TrackBuilder } from '../track-builder.ts';
import { Json } from '../json.ts';
import { filesNamed } from './files.ts';
import type { ModelReader, PhotosAtHand } from './reader.ts';

const NAMED = /^transforms.*\.json$/i;

/** nerfstudio's transforms.json. */
export const nerfstudio: ModelReader = {
  format: 'nerfstudio',
  title: 'nerfstudio transforms.json',
  at: 'file',
  usual: 'transforms.json',
  named: NAMED,
  begins: (head) => /"transform_matrix"|"camera_model"|"fl_x"/.test(head.toString('latin1')),
  holds: 'poses',
  needsSizes: true,
  find: (folder) => filesNamed(folder, NAMED),
  files: (path) => [path],
  read: (path, photos, warn, options) => [readNerfstudio(path, photos, warn, options)],
};

/**
 * Reads nerfstudio's `transforms.json`: poses alone. It has no tracks, so that no photos share points; clusters of it show cameras
 * and nothing can be mined from them. `transform_matrix` is world_from_cam with y up and looking along -z.
 * @throws CovisError naming the file and the path inside it.
 */
function readNerfstudio(
  file: string,
  { names, sizes }: PhotosAtHand,
  warn: (message: string) => void,
  options: ReadOptions | undefined,
): SparseModel {
  const find = nameIndex(
    names.map((name) => ({ name })),
    'optional',
  );
  const root = Json.read(file);
  const builder = new TrackBuilder(faultOf(file), options);
  const cameras = new Map<string, number>();
  /** The synthetic NeRF scenes write `train/r_0` for train/r_0.png. */
  const withEnding = (name: string, at: Json): string => {
    if (withoutEnding(name) !== name) return name;
    const found = find(name);
    if (found.kind === 'ambiguous')
      throw at.wrong(`is ${name}, which may be ${found.among.map((n) => names[n]!).join(' or ')}`);
    return found.kind === 'found' ? names[found.at]! : name;
  };
  root
    .get('frames')
    .items()
    .forEach((frame, i) => {
      const path = frame.get('file_path');
      const name = withEnding(path.text().replace(/^\.\//, ''), path);
      const value = (key: string): number | undefined =>
        frame.has(key) ? frame.get(key).number() : root.has(key) ? root.get(key).number() : undefined;
      const size = sizes(name);
      const width = value('w') ?? size?.[0];
      const height = value('h') ?? size?.[1];
      if (width === undefined || height === undefined) {
        builder.lost(
          `Its ${frame.path} has no size (w, h), and its photo is not at hand`,
          'frames without a size, whose photos are not at hand',
        );
        return;
      }
      const angle = value('camera_angle_x');
      const focal = value('fl_x') ?? (angle === undefined ? undefined : width / (2 * Math.tan(angle / 2)));
      if (focal === undefined) throw frame.wrong('has neither fl_x nor camera_angle_x');
      const params = [
        focal,
        value('fl_y') ?? focal,
        value('cx') ?? width / 2,
        value('cy') ?? height / 2,
        value('k1') ?? 0,
        value('k2') ?? 0,
        value('p1') ?? 0,
        value('p2') ?? 0,
      ];
      const key = JSON.stringify([width, height, params]);
      let cameraId = cameras.get(key);
      if (cameraId === undefined) {
        cameraId = cameras.size + 1;
        cameras.set(key, cameraId);
        const camera: Camera = { id: cameraId, model: 'OPENCV', width, height, params };
        builder.camera(camera);
      }
      const m = frame.get('transform_matrix').matrix(4, 4);
      // cam_from_world: the transposed rotation, with the camera's y and z axes turned over.
      const rotation = [0, 1, 2].flatMap((row) => [0, 1, 2].map((col) => (row === 0 ? 1 : -1) * m[4 * col + row]!));
      const scale = Math.hypot(rotation[0]!, rotation[1]!, rotation[2]!) || 1;
      const unit = rotation.map((v) => v / scale);
      if (!isRotation(unit)) throw frame.get('transform_matrix').wrong('holds no rotation');
      builder.view({
        imageId: i + 1,
        name,
        cameraId,
        rotation: quaternionOf(unit),
        translation: translationOf(unit, [m[3]!, m[7]!, m[11]!]),
      });
    });
  return builder.finish('model', (m) => warn(`${file}: ${m}`));
}
