/** One step of a tiny network on the `tensorflow` back end and on the CPU, in a process of its own. Prints one JSON object. */
import { random } from '../../src/main/engine/library/random.ts';
import { addHead, lastFeatureMap } from '../../src/main/engine/network/head.ts';
import { normalise } from '../../src/main/engine/network/onnx/normalise.ts';
import { openExecutor } from '../../src/main/engine/training/backends.ts';
import { mobileNetV1 } from './architectures.ts';

const r = random(1);
const inputs = Array.from({ length: 3 }, () => ({
  dims: [1, 3, 33, 40] as const,
  data: Float32Array.from({ length: 3 * 33 * 40 }, () => 2 * r.next() - 1),
}));
const read = normalise({ graph: mobileNetV1(1 / 16).graph, opset: 17 }, 'tiny');
const network = addHead(read, lastFeatureMap(read)).graph;
const steps = [];
for (const backend of ['tensorflow', 'cpu'] as const) {
  const executor = await openExecutor(network, backend);
  const { loss } = await executor.accumulate(inputs, { kind: 'contrastive', margin: 1.2, weight: 1 });
  const length = Math.hypot(...(await executor.gradients.read()).map((g) => Math.hypot(...g)));
  steps.push({ device: executor.device, loss, length });
  await executor.release();
}
process.stdout.write(JSON.stringify(steps));
process.exit(0);
