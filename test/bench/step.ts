/** Times of one network in a process of its own: `step.ts NETWORK FOLDER STEPS MARGIN` prints one JSON object. */
import { addHead, IMAGE, lastFeatureMap } from '../../src/main/engine/network/head.ts';
import type { Graph } from '../../src/main/engine/network/onnx/graph.ts';
import { normalise } from '../../src/main/engine/network/onnx/normalise.ts';
import { Runner } from '../../src/main/engine/network/runtime.ts';
import { Adam } from '../../src/main/engine/training/adam.ts';
import { OrtExecutor } from '../../src/main/engine/training/ort-executor.ts';
import { mobileNetV1, resNet } from '../support/architectures.ts';
import { imagesIn } from './images.ts';
import { median } from './report.ts';

export interface StepTimes {
  readonly extract: number;
  readonly step: number;
  readonly loss: number;
  /** Bytes. */
  readonly peak: number;
}

/** The architecture with all of its channels and random weights. */
export function full(name: string): Graph {
  const stages = { ResNet50: [3, 4, 6, 3], 'ResNet50-conv4': [3, 4, 6] }[name];
  const { graph } = stages === undefined ? mobileNetV1(1) : resNet(stages, true, 1);
  const read = normalise({ graph, opset: 17 }, name);
  return addHead(read, lastFeatureMap(read)).graph;
}

async function main(name: string, folder: string, steps: number, margin: number): Promise<void> {
  const graph = full(name);
  const { batch, inputs } = imagesIn(folder);
  const runner = await Runner.create(graph);
  // As photos of a library are described: those of one size in a batch.
  const extract = (await median(() => runner.run({ [IMAGE]: batch }), 2 * steps)) / inputs.length;
  await runner.release();
  const executor = await OrtExecutor.create(graph);
  const adam = await Adam.create(executor.parameters);
  let loss = 0;
  const step = await median(async () => {
    executor.gradients.clear();
    loss = (await executor.accumulate(inputs, { kind: 'contrastive', margin, weight: 1 })).loss;
    adam.step(executor.gradients.arrays, { learningRate: 1e-9, weightDecay: 0 });
    await executor.updated();
  }, steps);
  process.stdout.write(
    JSON.stringify({ extract, step, loss, peak: process.resourceUsage().maxRSS * 1024 } satisfies StepTimes),
  );
}

if (process.argv[1]?.endsWith('step.ts') === true) {
  const [name, folder, steps, margin] = process.argv.slice(2) as [string, string, string, string];
  await main(name, folder, Number(steps), Number(margin));
}
