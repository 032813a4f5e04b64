import { CovisError } from '../../../../shared/errors.ts';
import { float, floatOf, int, intOf, ints, intsOf, string, stringOf } from '../../network/onnx/graph.ts';
import { einsumTerms, letterSize } from '../../network/onnx/sizes.ts';
import { fitTo, turned, zerosLike } from './broadcast.ts';
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

/** Whole numbers of a constant; undefined for what is computed. */
function constantOf(c: GradientContext, name: string | undefined): number[] | undefined {
  const data = name === undefined || name === '' ? undefined : c.graph.initializers.get(name)?.data;
  return data === undefined || data instanceof Float32Array ? undefined : Array.from(data, Number);
}

/** The size of a value along some axes, in the order given. */
function sizesOf(c: GradientContext, x: string, axes: readonly number[]): string {
  return c.builder.op('Gather', [c.builder.op('Shape', [x]), c.builder.int64s(axes)], { axis: int(0) });
}

/** An axis that a node names, not negative. */
function axisOf(c: GradientContext, fallback: number): number {
  const axis = intOf(c.node, 'axis', fallback);
  return axis < 0 ? axis + c.dims(c.node.inputs[0]!).length : axis;
}

/** The axes of a reduction, non-negative. */
function reducedAxes(c: GradientContext): number[] {
  const rank = c.dims(c.node.inputs[0]!).length;
  const name = c.node.inputs[1] ?? '';
  const said = name === '' ? undefined : constantOf(c, name);
  if (name !== '' && said === undefined)
    throw new CovisError('INPUT_UNSUPPORTED', `Node ${c.node.name} (${c.node.op}) computes its axes`);
  const axes = intsOf(c.node, 'axes') ?? said ?? [];
  const all = axes.length === 0 && intOf(c.node, 'noop_with_empty_axes', 0) === 0;
  const meant = all ? Array.from({ length: rank }, (_, i) => i) : axes;
  return meant.map((a) => (a < 0 ? a + rank : a)).sort((a, b) => a - b);
}

/** A reduced value with the axes that it was reduced along, of size 1. */
function kept(c: GradientContext, v: string): string {
  const axes = reducedAxes(c);
  return intOf(c.node, 'keepdims', 1) === 1 || axes.length === 0
    ? v
    : c.builder.op('Unsqueeze', [v, c.builder.int64s(axes)]);
}

/** Spreads a reduced value over the reduced axes again. */
function spread(c: GradientContext, v: string): string {
  return c.builder.op('Expand', [kept(c, v), c.builder.op('Shape', [c.node.inputs[0]!])]);
}

export const reduceSum: GradientRule = (c) => [spread(c, c.dy)];

export const reduceMean: GradientRule = (c) => {
  const sizes = sizesOf(c, c.node.inputs[0]!, reducedAxes(c));
  const count = c.builder.op('Cast', [c.builder.op('ReduceProd', [sizes], { keepdims: int(0) })], { to: int(1) });
  return [spread(c, c.builder.op('Div', [c.dy, count]))];
};

/** y = √Σx²: dx = dy x / y, and nothing where all are 0. */
export const reduceL2: GradientRule = (c) => {
  const b = c.builder;
  const y = c.node.outputs[0]!;
  const safe = b.op('Where', [b.op('Equal', [y, b.scalar(0)]), b.scalar(1), y]);
  return [b.op('Mul', [c.node.inputs[0]!, kept(c, b.op('Div', [c.dy, safe]))])];
};
export const reduceL1: GradientRule = (c) => [
  c.builder.op('Mul', [c.builder.op('Sign', [c.node.inputs[0]!]), kept(c, c.dy)]),
];
export const reduceSumSquare: GradientRule = (c) => [
  c.builder.op('Mul', [c.node.inputs[0]!, kept(c, c.builder.op('Mul', [c.dy, c.builder.scalar(2)]))]),
];
/** y = log Σx: dx = dy e^-y. */
export const reduceLogSum: GradientRule = (c) => [
  spread(c, c.builder.op('Mul', [c.dy, c.builder.op('Exp', [c.builder.op('Neg', [c.node.outputs[0]!])])])),
];
/** y = log Σe^x: dx = dy e^(x-y). */
export const reduceLogSumExp: GradientRule = (c) => {
  const b = c.builder;
  const share = b.op('Exp', [b.op('Sub', [c.node.inputs[0]!, kept(c, c.node.outputs[0]!)])]);
  return [b.op('Mul', [share, kept(c, c.dy)])];
};

export const concat: GradientRule = (c) => {
  const b = c.builder;
  const axis = axisOf(c, 0);
  const sizes = c.node.inputs.map((n) => c.dims(n)[axis]);
  if (sizes.every((s) => typeof s === 'number')) {
    let at = 0;
    return sizes.map((size, i) => {
      const from = at;
      at += size;
      return c.needs(i) ? b.slice(c.dy, [from], [at], [axis]) : undefined;
    });
  }
  const last = c.node.inputs.findLastIndex((_, i) => c.needs(i));
  let from = b.int64s([0]);
  return c.node.inputs.map((n, i) => {
    if (i > last) return undefined;
    const to = b.op('Add', [from, sizesOf(c, n, [axis])]);
    const part = c.needs(i) ? b.op('Slice', [c.dy, from, to, b.int64s([axis])]) : undefined;
    from = to;
    return part;
  });
};

/** Parts along an axis come together again; zeros where nothing came of one. */
export const split: GradientRule = (c) => {
  const parts = c.node.outputs.map((o, k) => c.dys[k] ?? zerosLike(c, o));
  return [parts.length === 1 ? parts[0] : c.builder.op('Concat', parts, { axis: int(axisOf(c, 0)) })];
};

/** Places along an axis, one or several of each: the gradients of a place that was taken several times are summed. */
export const gather: GradientRule = (c) => {
  const b = c.builder;
  const [x, indices] = c.node.inputs as [string, string];
  const dims = c.dims(x);
  const axis = axisOf(c, 0);
  const rank = c.dims(indices).length;
  const size = dims[axis];
  const places = constantOf(c, indices)?.map((i) => (i < 0 && typeof size === 'number' ? i + size : i));
  // [.., places, ..]
  const flat =
    rank === 0
      ? b.op('Unsqueeze', [c.dy, b.int64s([axis])])
      : rank === 1
        ? c.dy
        : b.op('Reshape', [
            c.dy,
            joinSizes(c, [
              axis > 0 ? sizesOf(c, x, range(0, axis)) : undefined,
              b.int64s([-1]),
              axis + 1 < dims.length ? sizesOf(c, x, range(axis + 1, dims.length)) : undefined,
            ]),
          ]);
  if (places !== undefined && typeof size === 'number' && places.every((p, i) => p === places[0]! + i)) {
    const before = places[0]!;
    const after = size - before - places.length;
    if (before === 0 && after === 0) return [flat];
    return [b.op('Pad', [flat, b.int64s([...along(dims.length, axis, before), ...along(dims.length, axis, after)])])];
  }
  return [scattered(c, flat, b.reshape(indices, [-1]), axis, dims.length, b.op('Shape', [x]))];
};

/** Places named by several axes at once: what was taken several times is summed where it came from. */
export const gatherND: GradientRule = (c) => {
  const b = c.builder;
  const [x, indices] = c.node.inputs as [string, string];
  const batch = intOf(c.node, 'batch_dims', 0);
  const k = c.dims(indices).at(-1);
  const rank = c.dims(x).length;
  if (typeof k !== 'number')
    throw new CovisError('INPUT_UNSUPPORTED', `Node ${c.node.name} (GatherND) takes places of unknown rank`);
  const product = (v: string): string => b.op('ReduceProd', [v], { keepdims: int(1) });
  const sizes = sizesOf(c, x, range(batch, batch + k));
  const negative = b.op('Less', [indices, b.int64s([0])]);
  const places = b.op('Where', [negative, b.op('Add', [indices, sizes]), indices]);
  // How far apart neighbours along each of the axes lie.
  const apart = range(0, k).map((i) => (i === k - 1 ? b.int64s([1]) : product(b.slice(sizes, [i + 1], [k], [0]))));
  const flat = b.reduceSum(b.op('Mul', [places, joinSizes(c, apart)]), [-1], false);
  const batches = batch === 0 ? b.int64s([1]) : product(sizesOf(c, x, range(0, batch)));
  const rows = b.op('Reshape', [flat, joinSizes(c, [batches, b.int64s([-1])])]);
  const scalar = (v: string): string => b.reshape(v, []);
  const number = b.op('Range', [scalar(b.int64s([0])), scalar(batches), scalar(b.int64s([1]))]);
  const from = b.op('Mul', [b.op('Unsqueeze', [number, b.int64s([1])]), product(sizes)]);
  const all = b.reshape(b.op('Add', [rows, from]), [-1]);
  const rest = batch + k < rank ? product(sizesOf(c, x, range(batch + k, rank))) : b.int64s([1]);
  const shape = joinSizes(c, [product(b.op('Concat', [batches, sizes], { axis: int(0) })), rest]);
  const g = b.op('Reshape', [c.dy, joinSizes(c, [b.int64s([-1]), rest])]);
  return [likeInput(c, scattered(c, g, all, 0, 2, shape))];
};

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const along = (rank: number, axis: number, value: number): number[] =>
  range(0, rank).map((i) => (i === axis ? value : 0));

function joinSizes(c: GradientContext, parts: readonly (string | undefined)[]): string {
  const there = parts.filter((p) => p !== undefined);
  return there.length === 1 ? there[0]! : c.builder.op('Concat', there, { axis: int(0) });
}

/** Adds the parts of `g` to zeros of `shape`, at the places of an axis that `indices` [n] names. */
function scattered(c: GradientContext, g: string, indices: string, axis: number, rank: number, shape: string): string {
  const b = c.builder;
  const wide = axis === rank - 1 ? indices : b.reshape(indices, [-1, ...range(axis + 1, rank).map(() => 1)]);
  const all = b.op('Expand', [wide, b.op('Shape', [g])]);
  const zeros = b.op('Expand', [b.scalar(0), shape]);
  return b.op('ScatterElements', [zeros, all, g], { axis: int(axis), reduction: string('add') });
}

/** Repeated along the axes: what was copied is summed. */
export const tile: GradientRule = (c) => {
  const b = c.builder;
  const [x, repeats] = c.node.inputs as [string, string];
  const rank = c.dims(x).length;
  const column = (v: string): string => b.op('Unsqueeze', [v, b.int64s([1])]);
  const pairs = b.op('Concat', [column(repeats), column(b.op('Shape', [x]))], { axis: int(1) });
  const apart = b.op('Reshape', [c.dy, b.reshape(pairs, [-1])]);
  return [
    b.reduceSum(
      apart,
      range(0, rank).map((i) => 2 * i),
      false,
    ),
  ];
};

/** Zeros around what was cut out, and between it where it goes in steps. Limits may depend on the image. */
export const slice: GradientRule = (c) => {
  const [x, starts, , axesName = '', stepsName = ''] = c.node.inputs as [string, string, string, string?, string?];
  const b = c.builder;
  const rank = c.dims(x).length;
  const firstAxes = (): number[] => {
    const count = c.dims(starts)[0];
    return range(0, typeof count === 'number' ? count : rank);
  };
  const said = axesName === '' ? firstAxes() : constantOf(c, axesName);
  const steps = stepsName === '' ? said?.map(() => 1) : constantOf(c, stepsName);
  if (said === undefined || steps === undefined)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `Node ${c.node.name} (Slice) has steps or axes that cannot be differentiated`,
    );
  const axes = said.map((a) => (a < 0 ? a + rank : a));
  const sizes = sizesOf(c, x, axes);
  // Where they are known and count from the front they are what they say.
  const fromFront = constantOf(c, starts)?.every((s) => s >= 0) === true;
  const from = fromFront
    ? starts
    : b.op('Where', [b.op('Less', [starts, b.int64s([0])]), b.op('Add', [starts, sizes]), starts]);
  if (steps.some((s) => s !== 1)) return [sliceBySteps(c, from, sizes, axes, steps, rank)];
  const rest = b.op('Sub', [b.op('Sub', [sizes, from]), sizesOf(c, c.dy, axes)]);
  // Pad wants amounts for all axes: those that were not cut get none.
  const zeros = b.int64s(new Array<number>(rank).fill(0));
  const spread = (v: string): string => b.op('ScatterElements', [zeros, b.int64s(axes), v], { axis: int(0) });
  return [b.op('Pad', [c.dy, b.op('Concat', [spread(from), spread(rest)], { axis: int(0) })])];
};

/** Axis by axis, each place of dy to where it came from. */
function sliceBySteps(
  c: GradientContext,
  from: string,
  sizes: string,
  axes: readonly number[],
  steps: readonly number[],
  rank: number,
): string {
  const b = c.builder;
  return axes.reduce((g, axis, k) => {
    const one = (v: string): string => b.slice(v, [k], [k + 1], [0]);
    const last = b.op('Sub', [one(sizes), b.int64s([1])]);
    const first = b.op('Max', [b.op('Min', [one(from), last]), b.int64s([0])]);
    const scalar = (v: string): string => b.reshape(v, []);
    const count = b.op('Range', [scalar(b.int64s([0])), scalar(sizesOf(c, g, [axis])), scalar(b.int64s([1]))]);
    const places = b.op('Add', [first, b.op('Mul', [count, b.int64s([steps[k]!])])]);
    const shape = b.op('ScatterElements', [b.op('Shape', [g]), b.int64s([axis]), one(sizes)], { axis: int(0) });
    return scattered(c, g, places, axis, rank, shape);
  }, c.dy);
}

/** The largest or smallest along some axes: the gradient goes to the places that reach it, in equal parts. */
export const reduceExtreme: GradientRule = (c) => {
  const b = c.builder;
  const axes = reducedAxes(c);
  const [x] = c.node.inputs as [string];
  const reach = b.op('Cast', [b.op('Equal', [x, kept(c, c.node.outputs[0]!)])], { to: int(1) });
  return [b.op('Mul', [reach, b.op('Div', [kept(c, c.dy), b.reduceSum(reach, axes, true)])])];
};

/** A [.., M, K] times B [.., K, N], batches broadcast; either may be a vector. */
export const matMul: GradientRule = (c) => {
  const b = c.builder;
  const [x, w] = c.node.inputs as [string, string];
  const [dx, dw] = [c.dims(x), c.dims(w)];
  const out = c.dims(c.node.outputs[0]!);
  const unsqueezed = (v: string, axis: number): string => b.op('Unsqueeze', [v, b.int64s([axis])]);
  // A vector is a row in front and a column behind.
  const [row, column] = [dx.length === 1, dw.length === 1];
  const first = row ? { name: unsqueezed(x, 0), dims: [1, ...dx] } : { name: x, dims: dx };
  const second = column ? { name: unsqueezed(w, 1), dims: [...dw, 1] } : { name: w, dims: dw };
  const wide = column ? unsqueezed(c.dy, -1) : c.dy;
  const dy = row ? unsqueezed(wide, -2) : wide;
  const batch = out.slice(0, out.length - (row ? 0 : 1) - (column ? 0 : 1));
  const back = (v: string, like: string, vector: boolean): string =>
    vector ? b.op('Reshape', [v, b.op('Shape', [like])]) : v;
  const [m, k, n] = [first.dims.at(-2)!, first.dims.at(-1)!, second.dims.at(-1)!];
  const da = (): string => {
    const g = b.op('MatMul', [dy, turned(c, second.name, second.dims.length)]);
    return back(fitTo(c, g, first.name, [...batch, m, k], first.dims), x, row);
  };
  const db = (): string => {
    if (second.dims.length === 2) {
      // One product of all rows, instead of one a batch and their sum.
      const rows = (v: string): string =>
        batch.length === 0 ? v : b.op('Flatten', [v], { axis: int(batch.length + 1) });
      const a = first.dims.length === 2 ? first.name : rows(first.name);
      return back(b.op('Gemm', [a, rows(dy)], { transA: int(1) }), w, column);
    }
    const g = b.op('MatMul', [turned(c, first.name, first.dims.length), dy]);
    return back(fitTo(c, g, second.name, [...batch, k, n], second.dims), w, column);
  };
  return [c.needs(0) ? da() : undefined, c.needs(1) ? db() : undefined];
};

/** Products and sums by letters: the gradient of an operand is one as well, of the others and what came out. */
export const einsum: GradientRule = (c) => {
  const b = c.builder;
  const all = c.node.inputs.map((n) => c.dims(n));
  const read = einsumTerms(
    c.node,
    all.map((d) => d.length),
  );
  if (read === undefined)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `Node ${c.node.name} (Einsum) has an equation that cannot be differentiated`,
    );
  return c.node.inputs.map((x, i) => {
    if (!c.needs(i)) return undefined;
    const term = read.terms[i]!;
    const others = c.node.inputs.filter((_, k) => k !== i);
    const terms = [read.out, ...read.terms.filter((_, k) => k !== i)];
    const has = (l: string): boolean => terms.some((t) => t.includes(l));
    const there = [...term].filter(has).join('');
    const g = b.op('Einsum', [c.dy, ...others], { equation: string(`${terms.join(',')}->${there}`) });
    const lone = [...term].flatMap((l, k) => (has(l) ? [] : [k]));
    if (lone.length > 0) return b.op('Expand', [b.op('Unsqueeze', [g, b.int64s(lone)]), b.op('Shape', [x])]);
    const sizes = [...term].map((l) => letterSize(read.terms, all, l));
    return fitTo(c, g, x, sizes);
  });
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
    dc = fitTo(c, c.dy, bias, c.dims(c.node.outputs[0]!));
    const beta = floatOf(c.node, 'beta', 1);
    if (beta !== 1) dc = c.builder.op('Mul', [dc, c.builder.scalar(beta)]);
  }
  return [da, db, dc];
};

/** Depth and space change places; the other operator with the same block brings them back. Columns (CRD) have no inverse operator. */
export const depthToSpace: GradientRule = (c) => {
  const b = c.builder;
  const block = intOf(c.node, 'blocksize', 1);
  if (stringOf(c.node, 'mode', 'DCR') === 'DCR') return [b.op('SpaceToDepth', [c.dy], { blocksize: int(block) })];
  const [x] = c.node.inputs as [string];
  const side = b.int64s([block]);
  const apart = joinSizes(c, [sizesOf(c, c.dy, [0, 1]), sizesOf(c, x, [2]), side, sizesOf(c, x, [3]), side]);
  const depth = b.op('Transpose', [b.op('Reshape', [c.dy, apart])], { perm: ints([0, 1, 3, 5, 2, 4]) });
  return [likeInput(c, depth)];
};

export const spaceToDepth: GradientRule = (c) => [
  c.builder.op('DepthToSpace', [c.dy], { blocksize: int(intOf(c.node, 'blocksize', 1)) }),
];
