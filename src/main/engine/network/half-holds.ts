/** Whether half precision holds what a network computes: maps of some go beyond it, and then nothing else tells. */
import { CovisError } from '../../../shared/errors.ts';
import { random } from '../library/random.ts';
import { IMAGE } from './head.ts';
import type { Graph } from './onnx/graph.ts';
import { PROVIDERS } from './providers.ts';
import { Runner } from './runtime.ts';

/** Photo of the trial, long side. */
const SIDE = 160;
/** Relative difference from single precision up to which it is rounding: eleven bits over dozens of layers come to a hundredth or two. */
const ROUNDING = 0.1;

const asked = new WeakMap<Graph, Promise<number>>();

/**
 * Relative difference of what a network gives in half precision from what it gives in single, both by WebGPU, of a photo of noise; NaN
 * where it is not finite. Asked once for a graph.
 */
export function halfDifference(graph: Graph): Promise<number> {
  let known = asked.get(graph);
  if (known === undefined) {
    known = difference(graph);
    // What failed may be asked again.
    known.catch(() => asked.delete(graph));
    asked.set(graph, known);
  }
  return known;
}

async function difference(graph: Graph): Promise<number> {
  const input = graph.inputs.find((i) => i.name === IMAGE) ?? graph.inputs[0]!;
  const of = (k: number, otherwise: number): number => (typeof input.dims[k] === 'number' ? input.dims[k] : otherwise);
  const dims = [1, of(1, 3), of(2, (3 * SIDE) / 4), of(3, SIDE)];
  const draw = random(1);
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => 4 * draw.next() - 2);
  const given: Float32Array[] = [];
  for (const half of [undefined, { weights: [] }]) {
    const runner = await Runner.create(graph, { provider: PROVIDERS.webgpu, half });
    try {
      given.push((await runner.run({ [input.name]: { dims, data } }))[graph.outputs[0]!.name]!);
    } finally {
      await runner.release();
    }
  }
  const [single, halved] = given as [Float32Array, Float32Array];
  let [apart, length] = [0, 0];
  single.forEach((v, i) => {
    apart += (v - halved[i]!) ** 2;
    length += v * v;
  });
  return Math.sqrt(apart / length);
}

/** @throws CovisError `INPUT_UNSUPPORTED` for a network whose numbers half precision does not hold. */
export async function refuseWrongHalf(graph: Graph): Promise<void> {
  const apart = await halfDifference(graph);
  if (apart <= ROUNDING) return;
  const what = Number.isFinite(apart) ? `${(100 * apart).toPrecision(2)} % off those of single` : 'not finite';
  throw new CovisError(
    'INPUT_UNSUPPORTED',
    `What this network gives in half precision is ${what}: its maps go beyond it`,
    {
      hint: 'Choose --precision single.',
    },
  );
}
