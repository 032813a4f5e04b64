import { CovisError } from '../../../shared/errors.ts';
import type { NetworkSpec } from '../../../shared/domain.ts';
import { DESCRIPTOR, IMAGE } from './head.ts';
import type { Graph } from './onnx/graph.ts';
import { Runner } from './runtime.ts';

/** Sides of the image that a network of free size is asked with. */
const HEIGHT = 96;
const WIDTH = 64;

/**
 * Runs a network once, so that what the runtime refuses is refused when it is added and not when photos are described.
 * @throws CovisError `INPUT_UNSUPPORTED` where it does not run, `INPUT_CORRUPT` where it answers with other than its description says.
 */
export async function answersAsSaid(graph: Graph, spec: NetworkSpec, file: string): Promise<void> {
  const runner = await Runner.create(graph);
  let answer: Float32Array | undefined;
  try {
    const channels = graph.inputs[0]?.dims[1] === 1 ? 1 : 3;
    const whole = (side: number): number => {
      const multiple = spec.input?.multiple ?? 1;
      return multiple * Math.ceil(side / multiple);
    };
    const [height, width] = [spec.input?.height ?? whole(HEIGHT), spec.input?.width ?? whole(WIDTH)];
    const data = new Float32Array(channels * height * width).fill(0.1);
    const out = await runner.run({ [IMAGE]: { dims: [1, channels, height, width], data } });
    answer = out[DESCRIPTOR] ?? Object.values(out)[0];
  } catch (cause) {
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `The network does not run on an image of free size: ${cause instanceof Error ? cause.message : String(cause)}`,
      { file, cause },
    );
  } finally {
    await runner.release();
  }
  if (answer?.length !== spec.dim)
    throw new CovisError(
      'INPUT_CORRUPT',
      `The network answers with ${answer?.length ?? 0} numbers, and its description says ${spec.dim}`,
      { file },
    );
  if (!answer.every(Number.isFinite))
    throw new CovisError('INPUT_CORRUPT', 'The network answers with values that are not numbers', { file });
}
