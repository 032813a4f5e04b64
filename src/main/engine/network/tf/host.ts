/**
 * Sizes and positions of a graph, computed in plain numbers: what an ONNX graph does with the shape of its image before that becomes
 * the argument of an operator.
 */
import { CovisError } from '../../../../shared/errors.ts';
import { intOf, intsOf, type OnnxNode } from '../onnx/graph.ts';

/** A small array. `whole` numbers divide without remainder. */
export interface HostValue {
  readonly dims: readonly number[];
  readonly data: readonly number[];
  readonly whole: boolean;
}

const FLOAT = 1;

export function vector(data: readonly number[], whole = true): HostValue {
  return { dims: [data.length], data, whole };
}

type Pairwise = (a: number, b: number, whole: boolean) => number;
const PAIRWISE: Readonly<Record<string, Pairwise>> = {
  Add: (a, b, whole) => (whole ? a + b : Math.fround(a + b)),
  Sub: (a, b, whole) => (whole ? a - b : Math.fround(a - b)),
  Mul: (a, b, whole) => (whole ? a * b : Math.fround(a * b)),
  Div: (a, b, whole) => (whole ? Math.trunc(a / b) : Math.fround(a / b)),
  Max: (a, b) => Math.max(a, b),
  Min: (a, b) => Math.min(a, b),
  Greater: (a, b) => (a > b ? 1 : 0),
  Less: (a, b) => (a < b ? 1 : 0),
  Equal: (a, b) => (a === b ? 1 : 0),
};

/** Broadcasts vectors and scalars, which is all that sizes ever are. */
function at(v: HostValue, i: number): number {
  return v.data[v.data.length === 1 ? 0 : i]!;
}

/** @throws CovisError `INPUT_UNSUPPORTED` naming the operator and its node. */
export function evaluateHost(node: OnnxNode, inputs: readonly (HostValue | undefined)[]): HostValue {
  const [a, b, c] = inputs;
  if (a === undefined) throw unsupported(node);
  const pairwise = PAIRWISE[node.op];
  if (pairwise !== undefined && b !== undefined) {
    const longer = a.data.length >= b.data.length ? a : b;
    return {
      dims: longer.dims,
      data: longer.data.map((_, i) => pairwise(at(a, i), at(b, i), a.whole && b.whole)),
      whole: a.whole && b.whole,
    };
  }
  switch (node.op) {
    case 'Identity':
      return a;
    case 'Abs':
      return { ...a, data: a.data.map(Math.abs) };
    case 'Neg':
      return { ...a, data: a.data.map((v) => -v) };
    case 'Cast': {
      const whole = intOf(node, 'to', FLOAT) !== FLOAT;
      return { ...a, data: whole ? a.data.map(Math.trunc) : a.data.map(Math.fround), whole };
    }
    case 'Where':
      if (b === undefined || c === undefined) throw unsupported(node);
      return {
        dims: (b.data.length >= c.data.length ? b : c).dims,
        data: Array.from({ length: Math.max(a.data.length, b.data.length, c.data.length) }, (_, i) =>
          at(a, i) !== 0 ? at(b, i) : at(c, i),
        ),
        whole: b.whole && c.whole,
      };
    case 'Concat':
      return vector(
        inputs.flatMap((v) => [...(v?.data ?? [])]),
        inputs.every((v) => v?.whole === true),
      );
    case 'Gather': {
      if (b === undefined) throw unsupported(node);
      const data = b.data.map((i) => a.data[i < 0 ? i + a.data.length : i]!);
      return { dims: b.dims, data, whole: a.whole };
    }
    case 'Slice': {
      const limit = (v: number | undefined, fallback: number): number => {
        const x = v ?? fallback;
        return Math.max(0, Math.min(a.data.length, x < 0 ? x + a.data.length : x));
      };
      return vector(a.data.slice(limit(b?.data[0], 0), limit(c?.data[0], a.data.length)), a.whole);
    }
    case 'ArgMin':
      return vector([a.data.indexOf(Math.min(...a.data))]);
    case 'ReduceProd':
      return { dims: [], data: [a.data.reduce((x, y) => x * y, 1)], whole: a.whole };
    case 'Reshape':
    case 'Squeeze':
    case 'Unsqueeze': {
      const shape = node.op === 'Reshape' ? b?.data : undefined;
      return { ...a, dims: shape?.every((s) => s > 0) === true ? shape : [a.data.length] };
    }
    case 'ReduceMax':
      if (intsOf(node, 'axes') === undefined) return vector([Math.max(...a.data)], a.whole);
      throw unsupported(node);
    default:
      throw unsupported(node);
  }
}

function unsupported(node: OnnxNode): CovisError {
  return new CovisError('INPUT_UNSUPPORTED', `TensorFlow.js has no way to compute ${node.op} of node ${node.name}`, {
    hint: 'Train with ONNX Runtime: --backend cpu or webgpu.',
  });
}
