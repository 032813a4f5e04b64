/** Takes three steps on the CPU and says what was estimated and what this process took at most: `node FILE NETWORK PHOTOS AT_ONCE SIDE`. */
import type { NetworkInput } from '../../src/main/engine/inputs/inputs.ts';
import { random } from '../../src/main/engine/library/random.ts';
import { embeddedNetwork } from '../../src/main/engine/network/embedded.ts';
import { addHead, lastFeatureMap } from '../../src/main/engine/network/head.ts';
import { MemoryEstimate } from '../../src/main/engine/training/memory/need.ts';
import { OrtExecutor } from '../../src/main/engine/training/ort-executor.ts';
import { ARCHITECTURES } from './architectures.ts';

const [, , name = '', ...numbers] = process.argv;
const [photos, atOnce, side] = numbers.map(Number) as [number, number, number];
const made = ARCHITECTURES[name]?.().graph;
const graph = made === undefined ? embeddedNetwork('photos').graph : addHead(made, lastFeatureMap(made)).graph;
const [height, width] = [Math.round(0.75 * side), side];
const r = random(1);
const inputs = Array.from({ length: photos }, (): NetworkInput => ({
  dims: [1, 3, height, width],
  data: Float32Array.from({ length: 3 * height * width }, () => 2 * r.next() - 1),
}));
const estimate = await MemoryEstimate.of(graph, 'cpu', 'adam');
const { bytes } = estimate!.need(photos, atOnce, { height, width });
const executor = await OrtExecutor.create(graph, { threads: 2, mostPixels: Infinity });
executor.limit(atOnce);
const descent = await executor.optimiser({ optimiser: 'adam', dampening: 0 });
for (let step = 0; step < 3; step += 1) {
  await executor.accumulate(inputs, { kind: 'contrastive', margin: 1.2, weight: 1 });
  await descent.step({ learningRate: 1e-6, weightDecay: 0 });
}
console.log(JSON.stringify({ bytes, peak: process.resourceUsage().maxRSS * 1024 }));
