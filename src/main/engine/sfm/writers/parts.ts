import { CovisError } from '../../../../shared/errors.ts';
import type { Camera, SparseModel } from '../model.ts';

/** Observations of each point: view and position among the view's observations. Point ids in files are indices plus 1. */
export function tracksOf(model: SparseModel): {
  offsets: Uint32Array;
  view: Uint32Array;
  feature: Uint32Array;
  obs: Uint32Array;
} {
  const points = model.pointError.length;
  const offsets = new Uint32Array(points + 1);
  for (const p of model.obsPoint) offsets[p + 1]! += 1;
  for (let p = 0; p < points; p += 1) offsets[p + 1]! += offsets[p]!;
  const fill = offsets.slice(0, points);
  const view = new Uint32Array(model.obsPoint.length);
  const feature = new Uint32Array(model.obsPoint.length);
  const obs = new Uint32Array(model.obsPoint.length);
  for (let v = 0; v + 1 < model.viewOffsets.length; v += 1) {
    for (let k = model.viewOffsets[v]!; k < model.viewOffsets[v + 1]!; k += 1) {
      const at = fill[model.obsPoint[k]!]!++;
      view[at] = v;
      feature[at] = k - model.viewOffsets[v]!;
      obs[at] = k;
    }
  }
  return { offsets, view, feature, obs };
}

/** Names with spaces are not representable in COLMAP's text files, nor in Bundler's lists. */
export function refuseSpaces(model: SparseModel, where: string): void {
  const bad = model.views.find((v) => /\s/.test(v.name));
  if (bad !== undefined)
    throw new CovisError('INPUT_UNSUPPORTED', `${where} cannot hold the name "${bad.name}" because of its space`, {
      hint: 'Write colmap-bin or nvm instead.',
    });
}

/** Radial distortion of models that have one or two terms; others lose theirs. */
export function radialOf(c: Camera): [number, number] {
  switch (c.model) {
    case 'SIMPLE_RADIAL':
      return [c.params[3]!, 0];
    case 'RADIAL':
      return [c.params[3]!, c.params[4]!];
    case 'OPENCV':
    case 'FULL_OPENCV':
      return [c.params[4]!, c.params[5]!];
    default:
      return [0, 0];
  }
}
