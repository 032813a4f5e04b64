/**
 * Trains the embedded edge detector on BSDS500 with Covis's own gradients and writes resources/edges/.
 *
 *   npm run make-edge-detector -- BSDS_FOLDER [--steps 6000] [--threads 1]
 *
 * BSDS_FOLDER holds images/{train,val}/*.jpg and groundTruth/{train,val}/*.mat. Takes some two hours on one core; the result is
 * committed. Photos of `val` are measured only.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import type { MatCell, MatNumbers, MatStruct } from '../src/main/engine/formats/mat-values.ts';
import { readMat5 } from '../src/main/engine/formats/mat5.ts';
import { random, type Random } from '../src/main/engine/library/random.ts';
import { encodeOnnx } from '../src/main/engine/network/onnx/file.ts';
import { floatTensor, GraphBuilder, int, ints, type Graph } from '../src/main/engine/network/onnx/graph.ts';
import { Runner } from '../src/main/engine/network/runtime.ts';
import { Adam } from '../src/main/engine/training/adam.ts';
import {
  backwardGraph,
  forwardGraph,
  parametersOf,
  SEED,
  withParameters,
  type Parameter,
} from '../src/main/engine/training/training-graph.ts';

const OUT = join(import.meta.dirname, '..', 'resources', 'edges');
const CROP = 160;
const BATCH = 6;
const RATE = 1.5e-3;
/** Boundary pixels are rare; this many times their weight keeps the network from answering "none". */
const POSITIVE_WEIGHT = 4;
/** Pixels that fewer people than this marked, but some did, are neither edge nor background. */
const AGREED = 0.3;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string', default: '6000' },
    threads: { type: 'string', default: '1' },
    seed: { type: 'string', default: '0' },
  },
});
const folder = positionals[0];
if (folder === undefined) throw new Error('Name the folder of BSDS500');
const STEPS = Number(options.steps);

interface Example {
  name: string;
  width: number;
  height: number;
  rgb: Buffer;
  /** Share of people who marked each pixel, 0..255. */
  boundary: Buffer;
}

async function load(split: string): Promise<Example[]> {
  const out: Example[] = [];
  for (const file of readdirSync(join(folder!, 'images', split))
    .filter((f) => f.endsWith('.jpg'))
    .sort()) {
    const { data, info } = await sharp(join(folder!, 'images', split, file))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const mat = readMat5(join(folder!, 'groundTruth', split, `${basename(file, '.jpg')}.mat`));
    const people = (mat.get('groundTruth') as MatCell).items as MatStruct[];
    const boundary = Buffer.alloc(info.width * info.height);
    const sum = new Float32Array(boundary.length);
    for (const p of people) {
      const b = p.items[0]!.get('Boundaries') as MatNumbers;
      // MATLAB keeps columns.
      for (let x = 0; x < info.width; x += 1)
        for (let y = 0; y < info.height; y += 1) sum[y * info.width + x]! += b.data[x * info.height + y]!;
    }
    sum.forEach((s, i) => (boundary[i] = Math.round((255 * s) / people.length)));
    out.push({ name: file, width: info.width, height: info.height, rgb: data, boundary });
  }
  return out;
}

/** Features at a half, a quarter and an eighth of the size; up again by shuffling channels into space. */
function build(r: Random): Graph {
  const graph: Graph = {
    name: 'covis-edges',
    inputs: [{ name: 'image', type: 'float', dims: ['N', 3, 'H', 'W'] }],
    outputs: [{ name: 'logit', type: 'float', dims: ['N', 1, 'H', 'W'] }],
    nodes: [],
    initializers: new Map(),
    metadata: new Map(),
  };
  const b = new GraphBuilder(graph, 'edge');
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - r.next())) * Math.cos(2 * Math.PI * r.next());
  let count = 0;
  const conv = (
    x: string,
    from: number,
    to: number,
    { kernel = 3, stride = 1, dilation = 1, gain = 1, relu = true, bias = 0, name = '' } = {},
  ): string => {
    const n = `conv${(count += 1)}`;
    const deviation = gain * Math.sqrt(2 / (from * kernel * kernel));
    graph.initializers.set(
      `${n}/weight`,
      floatTensor(
        [to, from, kernel, kernel],
        Array.from({ length: to * from * kernel * kernel }, () => deviation * normal()),
      ),
    );
    graph.initializers.set(`${n}/bias`, floatTensor([to], new Array<number>(to).fill(bias)));
    const pad = ((kernel - 1) / 2) * dilation;
    const y = b.op(
      'Conv',
      [x, `${n}/weight`, `${n}/bias`],
      {
        kernel_shape: ints([kernel, kernel]),
        strides: ints([stride, stride]),
        dilations: ints([dilation, dilation]),
        pads: ints([pad, pad, pad, pad]),
      },
      name === '' ? undefined : name,
    );
    return relu ? b.op('Relu', [y]) : y;
  };
  const up = (x: string, from: number, to: number): string =>
    b.op('DepthToSpace', [conv(x, from, 4 * to, { kernel: 1, relu: false, gain: 0.5 })], { blocksize: int(2) });
  const image = b.op('Sub', ['image', b.scalar(0.45)]);
  const half = conv(conv(b.op('Mul', [image, b.scalar(4)]), 3, 24, { stride: 2 }), 24, 24);
  let quarter = conv(half, 24, 32, { stride: 2 });
  quarter = b.op('Add', [quarter, conv(conv(quarter, 32, 32), 32, 32, { dilation: 2, gain: 0.5 })]);
  let eighth = conv(quarter, 32, 48, { stride: 2 });
  eighth = b.op('Add', [eighth, conv(conv(eighth, 48, 48, { dilation: 2 }), 48, 48, { dilation: 4, gain: 0.5 })]);
  const mid = conv(b.op('Add', [quarter, up(eighth, 48, 32)]), 32, 32);
  const fine = conv(b.op('Add', [half, up(mid, 32, 24)]), 24, 24);
  b.op(
    'DepthToSpace',
    [conv(fine, 24, 4, { kernel: 1, relu: false, gain: 0.2, bias: -2.5 })],
    { blocksize: int(2) },
    'logit',
  );
  return graph;
}

/** A random part at a random scale, mirrored half of the time. */
async function crop(e: Example, r: Random): Promise<{ rgb: Buffer; boundary: Buffer }> {
  const least = Math.max(CROP / e.width, CROP / e.height);
  const scale = Math.max(least, 0.55 + 0.75 * r.next());
  const w = Math.max(CROP, Math.round(e.width * scale));
  const h = Math.max(CROP, Math.round(e.height * scale));
  const at = { left: r.below(w - CROP + 1), top: r.below(h - CROP + 1), width: CROP, height: CROP };
  const flop = r.next() < 0.5;
  const cut = async (data: Buffer, channels: 1 | 3, kernel: 'linear' | 'lanczos3'): Promise<Buffer> => {
    const resized = await sharp(data, { raw: { width: e.width, height: e.height, channels } })
      .resize(w, h, { fit: 'fill', kernel })
      .extract(at)
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer();
    return flop
      ? sharp(resized, { raw: { width: CROP, height: CROP, channels } })
          .flop()
          .toColourspace(channels === 1 ? 'b-w' : 'srgb')
          .raw()
          .toBuffer()
      : resized;
  };
  const [rgb, boundary] = await Promise.all([cut(e.rgb, 3, 'lanczos3'), cut(e.boundary, 1, 'linear')]);
  // A line one pixel wide fades when it is shrunk.
  for (let i = 0; i < boundary.length; i += 1) boundary[i] = Math.min(255, boundary[i]! / Math.min(1, scale));
  return { rgb, boundary };
}

/** Weighted cross entropy of logits and its gradient, per pixel of the batch. */
function crossEntropy(logit: Float32Array, target: Float32Array): { loss: number; gradient: Float32Array } {
  const gradient = new Float32Array(logit.length);
  let loss = 0;
  let total = 0;
  for (let i = 0; i < logit.length; i += 1) {
    const t = target[i]!;
    if (t > 0 && t < AGREED) continue;
    const weight = t > 0 ? POSITIVE_WEIGHT : 1;
    const z = logit[i]!;
    const y = 1 / (1 + Math.exp(-z));
    const goal = t > 0 ? Math.min(1, 0.5 + 0.7 * (t - AGREED)) : 0;
    loss += weight * (Math.max(z, 0) - z * goal + Math.log1p(Math.exp(-Math.abs(z))));
    gradient[i] = weight * (y - goal);
    total += weight;
  }
  for (let i = 0; i < gradient.length; i += 1) gradient[i]! /= total;
  return { loss: loss / total, gradient };
}

/** Best F over thresholds of thinned maps against people's lines, 3 pixels tolerance, counted without one-to-one matching. */
async function measure(graph: Graph, examples: readonly Example[]): Promise<{ f: number; threshold: number }> {
  const runner = await Runner.create(graph, { threads: Number(options.threads) });
  const levels = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);
  const counts = levels.map(() => ({ hit: 0, marked: 0, found: 0, lines: 0 }));
  for (const e of examples) {
    const { width: w, height: h } = e;
    const pw = Math.ceil(w / 8) * 8;
    const ph = Math.ceil(h / 8) * 8;
    const data = new Float32Array(3 * pw * ph);
    for (let c = 0; c < 3; c += 1)
      for (let y = 0; y < ph; y += 1)
        for (let x = 0; x < pw; x += 1)
          data[c * pw * ph + y * pw + x] = e.rgb[3 * (Math.min(y, h - 1) * w + Math.min(x, w - 1)) + c]! / 255;
    const logit = (await runner.run({ image: { dims: [1, 3, ph, pw], data } }))['logit']!;
    const p = (x: number, y: number): number =>
      1 / (1 + Math.exp(-logit[Math.max(0, Math.min(h - 1, y)) * pw + Math.max(0, Math.min(w - 1, x))]!));
    levels.forEach((t, k) => {
      const c = counts[k]!;
      const at = new Uint8Array(w * h);
      const line = new Uint8Array(w * h);
      for (let y = 0; y < h; y += 1)
        for (let x = 0; x < w; x += 1) {
          const v = p(x, y);
          const ridge = v >= t && ((v >= p(x - 1, y) && v > p(x + 1, y)) || (v >= p(x, y - 1) && v > p(x, y + 1)));
          if (ridge) at[y * w + x] = 1;
          if (e.boundary[y * w + x]! >= 100) line[y * w + x] = 1;
        }
      const near = (map: Uint8Array, x: number, y: number): boolean => {
        for (let dy = -3; dy <= 3; dy += 1)
          for (let dx = -3; dx <= 3; dx += 1) {
            const xx = x + dx;
            const yy = y + dy;
            if (xx >= 0 && yy >= 0 && xx < w && yy < h && map[yy * w + xx] === 1) return true;
          }
        return false;
      };
      for (let y = 0; y < h; y += 1)
        for (let x = 0; x < w; x += 1) {
          if (at[y * w + x] === 1) {
            c.found += 1;
            // Whatever anybody marked is no mistake.
            let any = false;
            for (let dy = -2; dy <= 2 && !any; dy += 1)
              for (let dx = -2; dx <= 2 && !any; dx += 1) {
                const xx = Math.max(0, Math.min(w - 1, x + dx));
                const yy = Math.max(0, Math.min(h - 1, y + dy));
                any = e.boundary[yy * w + xx]! > 0;
              }
            if (any) c.hit += 1;
          }
          if (line[y * w + x] === 1) {
            c.lines += 1;
            if (near(at, x, y)) c.marked += 1;
          }
        }
    });
  }
  await runner.release();
  let best = { f: 0, threshold: 0 };
  levels.forEach((threshold, k) => {
    const c = counts[k]!;
    const precision = c.hit / Math.max(1, c.found);
    const recall = c.marked / Math.max(1, c.lines);
    const f = (2 * precision * recall) / Math.max(1e-9, precision + recall);
    if (f > best.f) best = { f, threshold };
  });
  return best;
}

function save(graph: Graph, parameters: readonly Parameter[], facts: string): void {
  const trained = withParameters(graph, parameters);
  const nodes = [
    ...trained.nodes,
    { op: 'Sigmoid', name: 'edges:node', inputs: ['logit'], outputs: ['edges'], attributes: {} },
  ];
  const out: Graph = { ...trained, nodes, outputs: [{ name: 'edges', type: 'float', dims: ['N', 1, 'H', 'W'] }] };
  out.metadata.set(
    'covis-edges',
    JSON.stringify({
      name: 'Covis edges',
      preprocess: { order: 'RGB', scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
      multiple: 8,
      origin: `Trained by Covis on the 200 training photos of BSDS500, ${facts}`,
      licence: 'Weights of this project; BSDS500 photos are for research',
    }),
  );
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, 'covis-edges-1.onnx'), encodeOnnx(out));
}

const train = await load('train');
const val = await load('val');
const r = random(Number(options.seed));
const graph = build(r);
const parameters = parametersOf(graph);
const differentiated = backwardGraph(graph);
const size = parameters.reduce((n, p) => n + p.data.length, 0);
console.log(`${train.length} photos to learn from, ${val.length} to measure, ${size} weights`);
const threads = Number(options.threads);
const forward = await Runner.create(forwardGraph(graph), { threads });
const backward = await Runner.create(differentiated.graph, { threads });
const adam = await Adam.create(parameters);
const weights = Object.fromEntries(parameters.map((p) => [p.name, { dims: p.dims, data: p.data }]));
let running = 0;
const began = performance.now();
for (let step = 1; step <= STEPS; step += 1) {
  const parts = await Promise.all(Array.from({ length: BATCH }, () => crop(train[r.below(train.length)]!, r)));
  const area = CROP * CROP;
  const image = new Float32Array(BATCH * 3 * area);
  const target = new Float32Array(BATCH * area);
  parts.forEach((p, n) => {
    const light = r.between(0.8, 1.2);
    for (let i = 0; i < area; i += 1) {
      target[n * area + i] = p.boundary[i]! / 255;
      for (let c = 0; c < 3; c += 1) image[(3 * n + c) * area + i] = (light * p.rgb[3 * i + c]!) / 255;
    }
  });
  const batch = { dims: [BATCH, 3, CROP, CROP], data: image };
  const logit = (await forward.run({ image: batch, ...weights }))['logit']!;
  const { loss, gradient } = crossEntropy(logit, target);
  const result = await backward.run({
    image: batch,
    [SEED]: { dims: [BATCH, 1, CROP, CROP], data: gradient },
    ...weights,
  });
  adam.step(
    parameters.map((p) => result[differentiated.gradientOf.get(p.name)!]!),
    {
      learningRate: RATE * 0.5 * (1 + Math.cos((Math.PI * step) / STEPS)) * Math.min(1, step / 100),
      weightDecay: 1e-6,
    },
  );
  running += loss;
  if (step % 50 === 0) {
    console.log(
      `${step} loss ${(running / 50).toFixed(4)}, ${((performance.now() - began) / step).toFixed(0)} ms a step`,
    );
    running = 0;
  }
  if (step % 500 === 0 || step === STEPS) {
    const { f, threshold } = await measure(withParameters(graph, parameters), step === STEPS ? val : val.slice(0, 20));
    console.log(`${step} F ${f.toFixed(3)} at ${threshold}`);
    save(graph, parameters, `${step} steps, F ${f.toFixed(3)} on its validation photos`);
  }
}
