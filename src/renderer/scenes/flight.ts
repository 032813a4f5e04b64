import { Matrix4, Quaternion, Vector3 } from 'three';
import type { ClusterView } from '../../shared/domain.ts';
import { frustum, photoUp, toViewing, type ViewingFrame } from './frame.ts';

/** Where one looks from, and how. */
export interface Pose {
  readonly position: Vector3;
  readonly turn: Quaternion;
  /** Vertical field of view, degrees. */
  readonly fov: number;
}

/** Of the photo's edge, so much of the window is around it. */
const MARGIN = 1.06;
/** From so near the middle of the model, one flies straight. */
const NEAR = 0.4;
const LONGEST_ARC = 2.9;

/** Degrees of a vertical field of view in which a whole photo is seen in a window of this width over height. */
export function fovOf(view: Pick<ClusterView, 'focal' | 'aspect' | 'orientation'>, window: number): number {
  const width = 0.5 / view.focal;
  const height = width * view.aspect;
  const [across, up] = view.orientation >= 5 ? [height, width] : [width, height];
  const tangent = MARGIN * Math.max(up, across / window);
  return Math.min(150, (2 * 180 * Math.atan(tangent)) / Math.PI);
}

/** The pose of a photo's own camera, upright as the photo is shown. */
export function poseOf(frame: ViewingFrame, view: ClusterView, window: number): Pose {
  const r = view.rotation as number[];
  const world = (c: readonly number[]): [number, number, number] =>
    [0, 1, 2].map((k) => view.position[k]! + r[k]! * c[0]! + r[3 + k]! * c[1]! + r[6 + k]! * c[2]!) as [
      number,
      number,
      number,
    ];
  const position = new Vector3(...frustum(frame, view, 0).centre);
  const step = 1 / frame.scale;
  const [ux, uy, uz] = photoUp(view.orientation);
  const up = new Vector3(...toViewing(frame, world([ux * step, uy * step, uz * step]))).sub(position);
  const ahead = new Vector3(...toViewing(frame, world([0, 0, step])));
  const turn = new Quaternion().setFromRotationMatrix(new Matrix4().lookAt(position, ahead, up));
  return { position, turn, fov: fovOf(view, window) };
}

/** Slow at both ends. */
export function eased(t: number): number {
  return t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t);
}

/**
 * A pose on the way, at 0 to 1 of it: around the middle of the model rather than through it, where the ends are apart from it.
 */
export function between(a: Pose, b: Pose, t: number): Pose {
  const turn = a.turn.clone().slerp(b.turn, t);
  const fov = a.fov + (b.fov - a.fov) * t;
  const [ra, rb] = [a.position.length(), b.position.length()];
  const arc = ra < NEAR || rb < NEAR ? 0 : a.position.angleTo(b.position);
  if (arc < 0.02 || arc > LONGEST_ARC) return { position: a.position.clone().lerp(b.position, t), turn, fov };
  const [wa, wb] = [Math.sin((1 - t) * arc) / Math.sin(arc), Math.sin(t * arc) / Math.sin(arc)];
  const position = a.position
    .clone()
    .multiplyScalar(wa / ra)
    .addScaledVector(b.position, wb / rb)
    .multiplyScalar(ra + (rb - ra) * t);
  return { position, turn, fov };
}
