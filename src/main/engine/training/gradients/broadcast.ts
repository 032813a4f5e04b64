/** Gradients of what was broadcast, and limits and counts that are known when the graph runs. */
import { int, ints } from '../../network/onnx/graph.ts';
import type { Dim } from '../../network/onnx/graph.ts';
import type { GradientContext } from './rule.ts';

const FLOAT = 1;

/** Sums `g`, shaped as `out`, down to the shape of `value`, undoing broadcasting. @param dims of the value, where the context does not know it. */
export function fitTo(
  c: GradientContext,
  g: string,
  value: string,
  out: readonly Dim[],
  dims: readonly Dim[] = c.dims(value),
): string {
  const b = c.builder;
  const lead = out.length - dims.length;
  // A size that is told only when the graph runs, beside one that is known to be larger than 1, may be 1.
  if (dims.some((d, k) => typeof d === 'string' && typeof out[k + lead] === 'number' && out[k + lead] !== 1))
    return fitAtRun(c, g, value, lead);
  const summed = dims.flatMap((d, k) => (d === 1 && out[k + lead] !== 1 ? [k + lead] : []));
  const result = summed.length > 0 ? b.reduceSum(g, summed, true) : g;
  return lead > 0
    ? b.reduceSum(
        result,
        Array.from({ length: lead }, (_, k) => k),
        false,
      )
    : result;
}

function fitAtRun(c: GradientContext, g: string, value: string, lead: number): string {
  const b = c.builder;
  const own = b.op('Shape', [value]);
  const long = lead > 0 ? b.op('Concat', [b.int64s(new Array<number>(lead).fill(1)), own], { axis: int(0) }) : own;
  const differs = b.op('Not', [b.op('Equal', [b.op('Shape', [g]), long])]);
  const axes = b.reshape(b.op('NonZero', [differs]), [-1]);
  const summed = b.op('ReduceSum', [g, axes], { keepdims: int(1), noop_with_empty_axes: int(1) });
  return b.op('Reshape', [summed, own]);
}

/** 1.0 where the boolean value holds, else 0.0. */
export function asFloat(c: GradientContext, condition: string): string {
  return c.builder.op('Cast', [condition], { to: int(FLOAT) });
}

/** Zeros of the shape of a value. */
export function zerosLike(c: GradientContext, value: string): string {
  return c.builder.op('Expand', [c.builder.scalar(0), c.builder.op('Shape', [value])]);
}

/** The transposed matrices of a batch. */
export function turned(c: GradientContext, x: string, rank: number): string {
  const perm = [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];
  return c.builder.op('Transpose', [x], { perm: ints(perm) });
}

/** Mean along axes that stay with size 1. */
export function meanOf(c: GradientContext, x: string, axes: readonly number[]): string {
  return c.builder.op('ReduceMean', [x], { axes: ints(axes), keepdims: int(1) });
}
