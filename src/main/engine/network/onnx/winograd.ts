/**
 * Convolutions of 3 x 3 with unit strides by Winograd's F(4 x 4, 3 x 3) (Lavin and Gray, 2016): of each tile of 4 x 4 outputs the 6 x 6
 * inputs, the kernel and the products are taken to another basis, where the convolution is one product for each of 36 places: a quarter
 * of the multiplications. Values are in blocks of channels (blocked.ts); rounding grows to some 1e-5 of the largest output.
 */
import { floatTensor, int, type GraphBuilder } from './graph.ts';

/** Outputs of a tile along one side, and what they see. */
const SIDE = 4;
const SEEN = SIDE + 2;
const PLACES = SEEN * SEEN;
/** ONNX's number for 32-bit integers. */
const INT32 = 6;
const FUSED = 'com.microsoft';

/** Of inputs, outputs and kernels, one side: the points are 0, 1, -1, 2, -2 and infinity. */
const INPUT = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
const OUTPUT = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];
const KERNEL = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];

type Matrix = readonly (readonly number[])[];

const transposed = (m: Matrix): number[][] => m[0]!.map((_, k) => m.map((row) => row[k]!));
/** Rows and columns of a tile, flat, at once. */
const bothSides = (m: Matrix): number[][] => m.flatMap((r) => m.map((s) => r.flatMap((x) => s.map((y) => x * y))));
const turnedRound = (m: Matrix): number[][] => m.map((row) => [...row].reverse());

function matrix(b: GraphBuilder, name: string, m: Matrix): string {
  return b.once(`winograd ${name}`, () => b.constant(floatTensor([m.length, m[0]!.length], m.flat()), name));
}

/** Fewer channels are dominated by bringing tiles into their basis and back; what a kernel's gradient is made of otherwise costs more. */
const LEAST_CHANNELS = { values: 256, kernel: 64 } as const;

export interface WinogradConv {
  /** Dimensions [out, in, 3, 3] of the weight. */
  readonly shape: readonly [number, number, number, number];
  /** top, left, bottom, right */
  readonly pads: readonly [number, number, number, number];
  /** Convolves with the kernel turned round and with inputs and outputs exchanged. */
  readonly mirrored: boolean;
  readonly block: number;
}

/** Whether a convolution in blocks, or the gradient of its kernel, gains by it. */
export function winogradServes(
  what: keyof typeof LEAST_CHANNELS,
  o: {
    readonly shape: readonly number[];
    readonly strides: readonly number[];
    readonly dilations: readonly number[];
    readonly group: number;
  },
): boolean {
  const [outputs, inputs, kh, kw] = o.shape as [number, number, number, number];
  const unit = [...o.strides, ...o.dilations].every((v) => v === 1);
  return unit && o.group === 1 && kh === 3 && kw === 3 && Math.min(outputs, inputs) >= LEAST_CHANNELS[what];
}

/** x [N, in, H, W] in blocks -> y [N, out, H', W'] in blocks, with the bias added if there is one. */
export function winogradConv(
  b: GraphBuilder,
  x: string,
  weight: string,
  bias: string | undefined,
  o: WinogradConv,
): string {
  const [outputs, inputs] = o.mirrored ? [o.shape[1], o.shape[0]] : o.shape;
  const grid = gridOf(b, x, o.pads);
  const tiles = winogradTiles(b, x, { channels: inputs, pads: o.pads, block: o.block });
  const kernel = kernelInBasis(b, weight, o);
  // The weight lies as [36, out, in].
  const products = o.mirrored
    ? b.op('MatMul', [tiles, kernel])
    : b.foreign(FUSED, 'FusedMatMul', [tiles, kernel], { transB: int(1) });
  const flat = b.reshape(products, [PLACES, -1]);
  const inTiles = b.op('MatMul', [matrix(b, 'output', bothSides(OUTPUT)), flat]);
  const values = b.reshape(inTiles, [-1, outputs]);
  const biased = bias === undefined ? values : b.op('Add', [values, bias]);
  return outOfTiles(b, biased, grid, outputs, o.block);
}

/**
 * What every tile of outputs sees, in the basis of the products: [36, tiles, channels], tiles by image, row, column.
 * @param o.pads of the convolution.
 */
export function winogradTiles(
  b: GraphBuilder,
  x: string,
  o: { readonly channels: number; readonly pads: WinogradConv['pads']; readonly block: number },
): string {
  return b.once(`winograd tiles ${x} ${o.pads.join()}`, () => {
    const raw = cut(b, x, gridOf(b, x, o.pads), SEEN, o);
    return b.reshape(b.op('MatMul', [matrix(b, 'input', bothSides(INPUT)), raw]), [PLACES, -1, o.channels]);
  });
}

/**
 * dL/dw [out, in, 3, 3] of y = x * w: products of what the tiles saw and of their gradients.
 * @param x, dy in blocks.
 */
export function winogradFilterGradient(
  b: GraphBuilder,
  seen: string,
  dy: string,
  o: { readonly shape: WinogradConv['shape']; readonly block: number },
): string {
  const [outputs, inputs] = o.shape;
  const none = [0, 0, 0, 0] as const;
  const raw = cut(b, dy, gridOf(b, dy, [1, 1, 1, 1]), SIDE, { channels: outputs, pads: none, block: o.block });
  const gradients = b.reshape(b.op('MatMul', [matrix(b, 'gradient', bothSides(transposed(OUTPUT))), raw]), [
    PLACES,
    -1,
    outputs,
  ]);
  const products = b.foreign(FUSED, 'FusedMatMul', [gradients, seen], { transA: int(1) });
  const flat = b.reshape(products, [PLACES, -1]);
  const w = b.op('Gemm', [flat, matrix(b, 'kernel', bothSides(KERNEL))], { transA: int(1) });
  return b.reshape(w, [outputs, inputs, 3, 3]);
}

/** [36, out, in]. */
function kernelInBasis(b: GraphBuilder, weight: string, { shape, mirrored }: WinogradConv): string {
  const basis = mirrored
    ? matrix(b, 'kernel turned round', bothSides(turnedRound(KERNEL)))
    : matrix(b, 'kernel', bothSides(KERNEL));
  return b.once(`winograd kernel ${weight} ${mirrored}`, () =>
    b.reshape(b.op('Gemm', [basis, b.reshape(weight, [-1, 9])], { transB: int(1) }), [PLACES, shape[0], shape[1]]),
  );
}

/** Sizes that depend on the image, as one-dimensional int64 values of one number. */
interface Grid {
  readonly images: string;
  /** Of the outputs. */
  readonly height: string;
  readonly width: string;
  /** Tiles. */
  readonly rows: string;
  readonly columns: string;
}

function gridOf(b: GraphBuilder, x: string, pads: WinogradConv['pads']): Grid {
  const part = (name: string, make: () => string): string => b.once(`winograd ${name} ${x} ${pads.join()}`, make);
  const shape = part('shape', () => b.op('Shape', [x]));
  const size = (axis: number, more: number): string =>
    part(`size ${axis}`, () => b.op('Add', [b.slice(shape, [axis], [axis + 1], [0]), b.int64s([more])]));
  const tiles = (v: string): string =>
    part(`tiles ${v}`, () => b.op('Div', [b.op('Add', [v, b.int64s([SIDE - 1])]), b.int64s([SIDE])]));
  const height = size(2, pads[0] + pads[2] - 2);
  const width = size(3, pads[1] + pads[3] - 2);
  return { images: size(0, 0), height, width, rows: tiles(height), columns: tiles(width) };
}

/**
 * The tiles of x as [side * side, tiles * channels]: one gathering of whole blocks of channels.
 * @param side places of a tile along each side; tiles are {@link SIDE} apart.
 */
function cut(
  b: GraphBuilder,
  x: string,
  grid: Grid,
  side: number,
  { channels, pads, block }: { readonly channels: number; readonly pads: WinogradConv['pads']; readonly block: number },
): string {
  const [top, left] = pads;
  const groups = channels / block;
  const over = b.int64s([side - SIDE]);
  const size = (tiles: string): string => b.op('Add', [b.op('Mul', [tiles, b.int64s([SIDE])]), over]);
  const [height, width] = [size(grid.rows), size(grid.columns)];
  const own = b.slice(b.op('Shape', [x]), [2], [4], [0]);
  const beyond = b.op('Sub', [
    b.op('Concat', [height, width], { axis: int(0) }),
    b.op('Add', [own, b.int64s([top, left])]),
  ]);
  const amounts = b.op(
    'Concat',
    [b.int64s([0, 0, top, left * block, 0, 0]), b.op('Mul', [beyond, b.int64s([1, block])])],
    { axis: int(0) },
  );
  const padded = b.op('Pad', [b.reshape(x, [0, groups, 0, -1]), amounts]);
  const area = b.op('Mul', [height, width]);
  const index = sum(b, [
    [range(b, b.int64s([side]), width), [-1, 1, 1, 1, 1, 1]],
    [range(b, b.int64s([side]), b.int64s([1])), [1, -1, 1, 1, 1, 1]],
    [range(b, grid.images, b.op('Mul', [area, b.int64s([groups])])), [1, 1, -1, 1, 1, 1]],
    [range(b, grid.rows, b.op('Mul', [width, b.int64s([SIDE])])), [1, 1, 1, -1, 1, 1]],
    [range(b, grid.columns, b.int64s([SIDE])), [1, 1, 1, 1, -1, 1]],
    [range(b, b.int64s([groups]), area), [1, 1, 1, 1, 1, -1]],
  ]);
  const tiles = b.op('Gather', [b.reshape(padded, [-1, block]), index], { axis: int(0) });
  return b.reshape(tiles, [side * side, -1]);
}

/** Outputs in tiles, [4 * 4 * tiles, channels], as [N, channels, H, W] in blocks. */
function outOfTiles(b: GraphBuilder, values: string, grid: Grid, channels: number, block: number): string {
  const groups = channels / block;
  const perImage = b.op('Mul', [b.op('Mul', [grid.rows, grid.columns]), b.int64s([groups])]);
  const perPlace = b.op('Mul', [perImage, grid.images]);
  /** For each place along a side, its tile and its place inside, in steps of so much. */
  const along = (count: string, tile: string, inside: string): string => {
    const all = range(b, count, b.int64s([1]));
    const side = int32(b, b.int64s([SIDE]));
    const tiles = b.op('Div', [all, side]);
    const within = b.op('Sub', [all, b.op('Mul', [tiles, side])]);
    return b.op('Add', [b.op('Mul', [tiles, int32(b, tile)]), b.op('Mul', [within, int32(b, inside)])]);
  };
  const index = sum(b, [
    [range(b, grid.images, perImage), [-1, 1, 1, 1]],
    [range(b, b.int64s([groups]), b.int64s([1])), [1, -1, 1, 1]],
    [
      along(grid.height, b.op('Mul', [grid.columns, b.int64s([groups])]), b.op('Mul', [perPlace, b.int64s([SIDE])])),
      [1, 1, -1, 1],
    ],
    [along(grid.width, b.int64s([groups]), perPlace), [1, 1, 1, -1]],
  ]);
  const rows = b.op('Gather', [b.reshape(values, [-1, block]), index], { axis: int(0) });
  const size = b.op('Concat', [grid.images, b.int64s([channels]), grid.height, grid.width], { axis: int(0) });
  return b.op('Reshape', [rows, size]);
}

function int32(b: GraphBuilder, v: string): string {
  return b.op('Cast', [v], { to: int(INT32) });
}

/** 0, step, 2 step, ... as 32-bit integers. @param count, step int64 values of one number. */
function range(b: GraphBuilder, count: string, step: string): string {
  const scalar = (v: number): string => b.once(`int32 ${v}`, () => b.constant({ dims: [], data: Int32Array.of(v) }));
  const numbers = b.op('Range', [scalar(0), int32(b, b.reshape(count, [])), scalar(1)]);
  return b.op('Mul', [numbers, int32(b, step)]);
}

/** Sum of vectors, each laid along its own axis; the last axis is added last, so that most of the work is one pass. */
function sum(b: GraphBuilder, parts: readonly (readonly [string, readonly number[]])[]): string {
  return parts.map(([v, view]) => b.reshape(v, view)).reduce((a, v) => b.op('Add', [a, v]));
}
