import { CovisError } from '../../../shared/errors.ts';
import type { NetworkSpec } from '../../../shared/domain.ts';
import { DESCRIPTOR, IMAGE } from './head.ts';
import { FREE } from './image-input.ts';
import type { Graph } from './onnx/graph.ts';
import { Runner } from './runtime.ts';

/**
 * Runs a network once, so that what the runtime refuses is refused when it is added and not when photos are described.
 * @throws CovisError `INPUT_UNSUPPORTED` where it does not run, `INPUT_CORRUPT` where it answers with other than its description says.
 */
export async function answersAsSaid(graph: Graph, spec: NetworkSpec, file: string): Promise<void> {
  const runner = await Runner.create(graph, { quiet: true });
  let answer: Float32Array | undefined;
  try {
    const failed: unknown[] = [];
    // Some take no small image.
    for (const at of FREE) {
      answer = await answerAt(runner, graph, spec, at).catch((error: unknown) => void failed.push(error));
      if (answer !== undefined) break;
    }
    const [cause] = failed;
    if (answer === undefined)
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        `The network does not run on an image of free size: ${cause instanceof Error ? cause.message : String(cause)}`,
        { file, cause },
      );
  } finally {
    await runner.release();
  }
  if (answer.length !== spec.dim)
    throw new CovisError(
      'INPUT_CORRUPT',
      `The network answers with ${answer.length} numbers, and its description says ${spec.dim}`,
      { file },
    );
  if (!answer.every(Number.isFinite))
    throw new CovisError('INPUT_CORRUPT', 'The network answers with values that are not numbers', { file });
}

async function answerAt(
  runner: Runner,
  graph: Graph,
  { input }: NetworkSpec,
  [high, wide]: readonly [number, number],
): Promise<Float32Array> {
  const channels = graph.inputs[0]?.dims[1] === 1 ? 1 : 3;
  const multiple = input?.multiple ?? 1;
  const whole = (side: number): number => multiple * Math.ceil(side / multiple);
  const [height, width] = [input?.height ?? whole(high), input?.width ?? whole(wide)];
  const data = new Float32Array(channels * height * width).fill(0.1);
  const out = await runner.run({ [IMAGE]: { dims: [1, channels, height, width], data } });
  return out[DESCRIPTOR] ?? Object.values(out)[0] ?? new Float32Array();
}
