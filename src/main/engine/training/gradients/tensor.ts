import { CovisError } from '../../../../shared/errors.ts';
import { float, floatOf, int, intOf, ints, intsOf, stringOf } from '../../network/onnx/graph.ts';
import type { GradientContext, GradientRule } from './rule.ts';

/** Restores the shape of the first input, whatever it is at run time. */
function likeInput(c: GradientContext, g: string): string {
  return c.builder.op('Reshape', [g, c.builder.op('Shape', [c.node.inputs[0]!])]);
}

/** Reshape, Flatten, Squeeze, Unsqueeze. */
export const reshapeBack: GradientRule = (c) => [likeInput(c, c.dy)];

export const transpose: GradientRule = (c) => {
  const rank = c.dims(c.node.inputs[0]!).length;
  const perm = intsOf(c.node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const inverse = perm.map((_, i) => perm.indexOf(i));
  return [c.builder.op('Transpose', [c.dy], { perm: ints(inverse) })];
};

/** The axes of a reduction, non-negative. */
function reducedAxes(c: GradientContext): number[] {
  const rank = c.dims(c.node.inputs[0]!).length;
  const name = c.node.inputs[1];
  const data = name === undefined ? undefined : c.graph.initializers.get(name)?.data;
  const axes =
    intsOf(c.node, 'axes') ??
    (data instanceof BigInt64Array ? Array.from(data, Number) : Array.from({ length: rank }, (_, i) => i));
  return axes.map((a) => (a < 0 ? a + rank : a)).sort((a, b) => a - b);
}

/** Spreads dy over the reduced axes again. */
function spread(c: GradientContext): string {
  const g =
    intOf(c.node, 'keepdims', 1) === 1 ? c.dy : c.builder.op('Unsqueeze', [c.dy, c.builder.int64s(reducedAxes(c))]);
  return c.builder.op('Expand', [g, c.builder.op('Shape', [c.node.inputs[0]!])]);
}

export const reduceSum: GradientRule = (c) => [spread(c)];

export const reduceMean: GradientRule = (c) => {
  const axes = reducedAxes(c);
  const sizes = c.builder.op('Gather', [c.builder.op('Shape', [c.node.inputs[0]!]), c.builder.int64s(axes)], {
    axis: int(0),
  });
  const count = c.builder.op('Cast', [c.builder.op('ReduceProd', [sizes], { keepdims: int(0) })], { to: int(1) });
  return [c.builder.op('Div', [spread(c), count])];
};

export const concat: GradientRule = (c) => {
  const rank = c.dims(c.node.inputs[0]!).length;
  const axis = (intOf(c.node, 'axis', 0) + rank) % rank;
  const sizes = c.node.inputs.map((n) => c.dims(n)[axis]);
  let at = 0;
  return sizes.map((size, i) => {
    if (typeof size !== 'number') {
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        `Node ${c.node.name} (Concat) joins along an axis whose size is not fixed`,
      );
    }
    const from = at;
    at += size;
    return c.needs(i) ? c.builder.slice(c.dy, [from], [at], [axis]) : undefined;
  });
};

/** Zeros around what was cut out. Limits may depend on the image; only whole steps forward can be differentiated. */
export const slice: GradientRule = (c) => {
  const [x, starts, , axesName, steps] = c.node.inputs as [
    string,
    string,
    string,
    string | undefined,
    string | undefined,
  ];
  const b = c.builder;
  const rank = c.dims(x).length;
  const constant = (name: string | undefined): number[] | undefined => {
    const data = name === undefined || name === '' ? undefined : c.graph.initializers.get(name)?.data;
    return data instanceof BigInt64Array ? Array.from(data, Number) : undefined;
  };
  const axes = axesName === undefined ? Array.from({ length: rank }, (_, i) => i) : constant(axesName);
  const stride = steps === undefined ? [1] : constant(steps);
  if (axes === undefined || stride === undefined || stride.some((s) => s !== 1))
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `Node ${c.node.name} (Slice) has steps or axes that cannot be differentiated`,
    );
  const sizes = b.op('Gather', [b.op('Shape', [x]), b.int64s(axes)], { axis: int(0) });
  const negative = b.op('Less', [starts, b.int64s([0])]);
  const from = b.op('Where', [negative, b.op('Add', [starts, sizes]), starts]);
  const rest = b.op('Sub', [
    b.op('Sub', [sizes, from]),
    b.op('Gather', [b.op('Shape', [c.dy]), b.int64s(axes)], { axis: int(0) }),
  ]);
  // Pad wants amounts for all axes: those that were not cut get none.
  const zeros = b.int64s(new Array<number>(rank).fill(0));
  const spread = (v: string): string =>
    b.op('ScatterElements', [zeros, b.int64s(axes.map((a) => (a < 0 ? a + rank : a))), v], { axis: int(0) });
  return [b.op('Pad', [c.dy, b.op('Concat', [spread(from), spread(rest)], { axis: int(0) })])];
};

/** The largest along some axes: the gradient goes to the places that reach it, in equal parts. */
export const reduceMax: GradientRule = (c) => {
  const b = c.builder;
  const axes = reducedAxes(c);
  const [x] = c.node.inputs as [string];
  const keep = intOf(c.node, 'keepdims', 1) === 1;
  const y = keep ? c.node.outputs[0]! : b.op('Unsqueeze', [c.node.outputs[0]!, b.int64s(axes)]);
  const dy = keep ? c.dy : b.op('Unsqueeze', [c.dy, b.int64s(axes)]);
  const reach = b.op('Cast', [b.op('Equal', [x, y])], { to: int(1) });
  return [b.op('Mul', [reach, b.op('Div', [dy, b.reduceSum(reach, axes, true)])])];
};

/** A [.., M, K] times B [.., K, N]; B may also be a plain matrix shared by the batch. */
export const matMul: GradientRule = (c) => {
  const [a, b] = c.node.inputs as [string, string];
  const rankA = c.dims(a).length;
  const rankB = c.dims(b).length;
  const swap = (x: string, rank: number): string =>
    c.builder.op('Transpose', [x], {
      perm: ints([...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2]),
    });
  if (rankA < 2 || rankB < 2 || (rankA !== rankB && rankB !== 2)) {
    throw new CovisError('INPUT_UNSUPPORTED', `Node ${c.node.name} (MatMul) multiplies ranks ${rankA} and ${rankB}`);
  }
  const da = c.needs(0) ? c.builder.op('MatMul', [c.dy, swap(b, rankB)]) : undefined;
  let db = c.needs(1) ? c.builder.op('MatMul', [swap(a, rankA), c.dy]) : undefined;
  if (db !== undefined && rankA > rankB)
    db = c.builder.reduceSum(
      db,
      Array.from({ length: rankA - 2 }, (_, i) => i),
      false,
    );
  return [da, db];
};

/** Y = alpha A' B' + beta C, A' and B' possibly transposed. */
export const gemm: GradientRule = (c) => {
  const [a, b, bias] = c.node.inputs as [string, string, string | undefined];
  const alpha = floatOf(c.node, 'alpha', 1);
  const tA = intOf(c.node, 'transA', 0);
  const tB = intOf(c.node, 'transB', 0);
  const times = (x: string, y: string, transA: number, transB: number): string =>
    c.builder.op('Gemm', [x, y], { alpha: float(alpha), transA: int(transA), transB: int(transB) });
  const da = !c.needs(0) ? undefined : tA === 0 ? times(c.dy, b, 0, 1 - tB) : times(b, c.dy, tB, 1);
  const db = !c.needs(1) ? undefined : tB === 0 ? times(a, c.dy, 1 - tA, 0) : times(c.dy, a, 1, tA);
  let dc: string | undefined;
  if (bias !== undefined && bias !== '' && c.needs(2)) {
    const dims = c.dims(bias);
    dc = dims.length === 2 && dims[0] !== 1 ? c.dy : c.builder.reduceSum(c.dy, [0], dims.length === 2);
    const beta = floatOf(c.node, 'beta', 1);
    if (beta !== 1) dc = c.builder.op('Mul', [dc, c.builder.scalar(beta)]);
  }
  return [da, db, dc];
};

/** Depth and space change places; the other operator with the same block brings them back. Columns (CRD) have no inverse operator. */
export const depthToSpace: GradientRule = (c) => {
  if (stringOf(c.node, 'mode', 'DCR') !== 'DCR')
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `Node ${c.node.name} (DepthToSpace) has mode CRD; only DCR can be differentiated`,
    );
  return [c.builder.op('SpaceToDepth', [c.dy], { blocksize: int(intOf(c.node, 'blocksize', 1)) })];
};
