import { isRotation, quaternionOf, translationOf, type SparseModel } from '../model.ts';
import type { ReadOptions } from '../model-builder.ts';
import { faultOf, TrackBuilder } from '../track-builder.ts';
import { Json } from '../json.ts';
import { filesNamed } from './files.ts';
import type { ModelReader } from './reader.ts';

const NAMED = /^sfm_data.*\.json$/i;

/** OpenMVG's sfm_data.json (methods.md 9.7). */
export const openmvg: ModelReader = {
  format: 'openmvg',
  title: 'OpenMVG sfm_data.json',
  at: 'file',
  usual: 'sfm_data.json',
  named: NAMED,
  begins: (head) => head.toString('latin1').includes('"sfm_data_version"'),
  holds: 'points',
  needsSizes: false,
  find: (folder) => filesNamed(folder, NAMED),
  files: (path) => [path],
  read: (path, _, warn, options) => [readOpenMvg(path, warn, options)],
};

const UNDEFINED_ID = 4294967295;

interface Intrinsic {
  readonly width: number;
  readonly height: number;
  readonly focal: number;
  readonly principal: readonly number[];
  readonly radial: readonly number[];
}

/**
 * Reads OpenMVG's `sfm_data.json` (methods.md 9.7): views with a pose and an intrinsic, structure with its observations.
 * @throws CovisError naming the file and the path inside it.
 */
function readOpenMvg(file: string, warn: (message: string) => void, options: ReadOptions | undefined): SparseModel {
  const root = Json.read(file);
  const fault = faultOf(file);
  const intrinsics = new Map<number, Intrinsic>();
  for (const e of root.get('intrinsics').items()) intrinsics.set(e.get('key').number(), intrinsicOf(e.get('value')));
  const poses = new Map<number, { rotation: number[]; centre: number[] }>();
  for (const e of root.get('extrinsics').items()) {
    const v = e.get('value');
    if (!isRotation(v.get('rotation').matrix(3, 3))) throw v.get('rotation').wrong('is no rotation');
    poses.set(e.get('key').number(), {
      rotation: v.get('rotation').matrix(3, 3),
      centre: v.get('center').numbers(3),
    });
  }
  const builder = new TrackBuilder(fault, options);
  const viewOf = new Map<number, number>();
  const unregistered = new Set<number>();
  const cameras = new Set<number>();
  for (const e of root.get('views').items()) {
    const value = e.get('value');
    const data = value.has('ptr_wrapper') ? value.get('ptr_wrapper').get('data') : value;
    const pose = poses.get(data.get('id_pose').number());
    const cameraId = data.get('id_intrinsic').number();
    const intrinsic = intrinsics.get(cameraId);
    const id = data.get('id_view').number();
    // Views that were not registered have neither.
    if (pose === undefined || intrinsic === undefined || cameraId === UNDEFINED_ID) {
      unregistered.add(id);
      if (pose !== undefined && cameraId !== UNDEFINED_ID)
        builder.lost(
          `View ${id} has a pose, and its intrinsic ${cameraId} is not in the model`,
          'views whose intrinsics the model does not have',
        );
      continue;
    }
    if (!cameras.has(cameraId)) {
      cameras.add(cameraId);
      const { width, height, focal, principal, radial } = intrinsic;
      const params = [focal, principal[0]!, principal[1]!];
      builder.camera(
        radial.length === 0
          ? { id: cameraId, model: 'SIMPLE_PINHOLE', width, height, params }
          : radial.length === 1
            ? { id: cameraId, model: 'SIMPLE_RADIAL', width, height, params: [...params, radial[0]!] }
            : { id: cameraId, model: 'RADIAL', width, height, params: [...params, radial[0]!, radial[1]!] },
      );
    }
    const folder = data.has('local_path')
      ? data
          .get('local_path')
          .text()
          .replace(/[\\/]+$/, '')
      : '';
    const name = data.get('filename').text();
    viewOf.set(
      id,
      builder.view({
        imageId: id,
        name: folder === '' ? name : `${folder}/${name}`,
        cameraId,
        rotation: quaternionOf(pose.rotation),
        translation: translationOf(pose.rotation, pose.centre),
      }),
    );
  }
  if (root.has('structure')) {
    for (const e of root.get('structure').items()) {
      const v = e.get('value');
      const point = builder.point(v.get('X').numbers(3), [128, 128, 128]);
      for (const o of v.get('observations').items()) {
        const key = o.get('key').number();
        const view = viewOf.get(key);
        const [x, y] = o.get('value').get('x').numbers(2);
        if (view !== undefined) builder.observe(view, point, x!, y!);
        else if (unregistered.has(key)) builder.leftOut('observations of views that are not registered');
        else
          builder.lost(
            `A point is seen in view ${key}, which the model does not have`,
            'observations of views that the model does not have',
          );
      }
    }
  }
  return builder.finish('model', (m) => warn(`${file}: ${m}`));
}

function intrinsicOf(value: Json): Intrinsic {
  const data = value.get('ptr_wrapper').get('data');
  const base = data.has('value0') ? data.get('value0') : data;
  const radial = ['disto_k1', 'disto_k3', 'disto_t2'].find((k) => data.has(k));
  // disto_t2 (Brown) has three radial and two tangential terms; COLMAP's models of two radial terms keep the first two.
  const terms =
    radial === undefined
      ? []
      : data
          .get(radial)
          .items()
          .map((k) => k.number());
  return {
    width: base.get('width').number(),
    height: base.get('height').number(),
    focal: base.get('focal_length').number(),
    principal: base.get('principal_point').numbers(2),
    radial: terms.slice(0, 2),
  };
}
