/** Gradients of what resamples: each axis by itself and linearly, so that the operator tells its own matrix of each axis. */
import { CovisError } from '../../../../shared/errors.ts';
import { int, ints, intsOf, stringOf, type OnnxNode } from '../../network/onnx/graph.ts';
import type { GradientContext, GradientRule } from './rule.ts';

/** 1.0 on the diagonal of [n, n], for the size of an axis, a vector of one number. */
function identityOf(c: GradientContext, n: string): string {
  const b = c.builder;
  const scalar = (v: string): string => b.reshape(v, []);
  const places = b.op('Range', [scalar(b.int64s([0])), scalar(n), scalar(b.int64s([1]))]);
  const rows = b.op('Unsqueeze', [places, b.int64s([1])]);
  return b.op('Cast', [b.op('Equal', [rows, b.op('Unsqueeze', [places, b.int64s([0])])])], { to: int(1) });
}

/** The matrix [before, after] of an axis times the gradient along it. */
function along(c: GradientContext, g: string, axis: number, rank: number, matrix: string): string {
  const b = c.builder;
  // The last two change places, or an axis further in front goes to the last but one and back.
  const order = Array.from({ length: rank }, (_, i) => i);
  const swapped = order.map((i) => (i === axis ? rank - 2 : i === rank - 2 ? axis : i));
  if (axis === rank - 1) return b.op('MatMul', [g, b.op('Transpose', [matrix], { perm: ints([1, 0]) })]);
  if (axis === rank - 2) return b.op('MatMul', [matrix, g]);
  const turn = (v: string): string => b.op('Transpose', [v], { perm: ints(swapped) });
  return turn(b.op('MatMul', [matrix, turn(g)]));
}

const sizeAt = (c: GradientContext, x: string, axis: number): string =>
  c.builder.slice(shapeOf(c, x), [axis], [axis + 1], [0]);
const shapeOf = (c: GradientContext, x: string): string => c.builder.op('Shape', [x]);

/** What an operator makes of the unit vectors of one axis, which lie in the last but one of four. @returns [before, after] */
function matrixOf(c: GradientContext, n: string, node: (eye: string) => string): string {
  const b = c.builder;
  const eye = b.op('Unsqueeze', [identityOf(c, n), b.int64s([0, 1])]);
  // [1, 1, after, before]: what each place takes of each.
  return b.op('Transpose', [b.op('Squeeze', [node(eye), b.int64s([0, 1])])], { perm: ints([1, 0]) });
}

/**
 * Y = A x along each axis that changes, whatever the interpolation (nearest, linear, cubic, with every way of placing and with
 * anti-aliasing): dx = Aᵀ dy, and A is what the operator makes of the unit vectors.
 * @throws CovisError `INPUT_UNSUPPORTED` where it crops, or sizes keep an aspect ratio, which is no product of axes.
 */
export const resize: GradientRule = (c) => {
  const b = c.builder;
  const [x, , scales = '', sizes = ''] = c.node.inputs as [string, string?, string?, string?];
  const rank = c.dims(x).length;
  const refuse = (what: string): CovisError =>
    new CovisError('INPUT_UNSUPPORTED', `Node ${c.node.name} (Resize) ${what}, which cannot be differentiated`);
  if (stringOf(c.node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize')
    throw refuse('crops to a region');
  if (stringOf(c.node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') throw refuse('keeps an aspect ratio');
  if (rank < 2 || (scales === '') === (sizes === '')) throw refuse('does not say how large it makes its input');
  const axes = (intsOf(c.node, 'axes') ?? Array.from({ length: rank }, (_, i) => i)).map((a) => (a < 0 ? a + rank : a));
  const { axes: _, ...attributes } = c.node.attributes;
  const after = c.shapes.get(c.node.outputs[0]!);
  const g = axes.reduce((dy, axis, k) => {
    if (after !== undefined && after[axis] === c.dims(x)[axis]) return dy;
    const n = sizeAt(c, x, axis);
    const given = b.slice(scales === '' ? sizes : scales, [k], [k + 1], [0]);
    const matrix = matrixOf(c, n, (eye) => {
      const by =
        scales === ''
          ? ['', '', b.op('Concat', [b.int64s([1, 1]), given, n], { axis: int(0) })]
          : ['', b.op('Concat', [ones(c, 2), given, ones(c, 1)], { axis: int(0) })];
      return b.op('Resize', [eye, ...by], attributes);
    });
    return along(c, dy, axis, rank, matrix);
  }, c.dy);
  return [g];
};

const ones = (c: GradientContext, n: number): string =>
  c.builder.constant({ dims: [n], data: new Float32Array(n).fill(1) }, 'ones');

/** The border mirrored, repeated or wrapped: what was copied is summed where it came from, axis by axis. */
export function mirrored(c: GradientContext, node: OnnxNode): string {
  const b = c.builder;
  const [x, pads, , axesName = ''] = node.inputs as [string, string, string?, string?];
  const rank = c.dims(x).length;
  const said = axesName === '' ? undefined : c.graph.initializers.get(axesName)?.data;
  if (rank < 2 || (axesName !== '' && said === undefined))
    throw new CovisError('INPUT_UNSUPPORTED', `Node ${node.name} (Pad) has axes that cannot be differentiated`);
  const axes = (
    said === undefined ? Array.from({ length: rank }, (_, i) => i) : Array.from(said as BigInt64Array, Number)
  ).map((a) => (a < 0 ? a + rank : a));
  const amounts = c.graph.initializers.get(pads)?.data;
  return axes.reduce((dy, axis, k) => {
    const still = amounts !== undefined && Number(amounts[k]) === 0 && Number(amounts[k + axes.length]) === 0;
    if (still) return dy;
    const one = (at: number): string => b.slice(pads, [at], [at + 1], [0]);
    const nothing = b.int64s([0, 0]);
    const matrix = matrixOf(c, sizeAt(c, x, axis), (eye) =>
      b.op(
        'Pad',
        [
          eye,
          b.op('Concat', [nothing, one(k), b.int64s([0]), nothing, one(k + axes.length), b.int64s([0])], {
            axis: int(0),
          }),
        ],
        node.attributes,
      ),
    );
    return along(c, dy, axis, rank, matrix);
  }, c.dy);
}
