/**
 * `npm run bench`: what Covis does against another program doing the same on this machine in the same run.
 * Prints medians and their ratio; asserts nothing about time. A baseline that is not installed is named.
 * Parts by name: `npm run bench -- importing network training gpu tensorflow gradients retrieval mining collections curating shapes models studio million
 * large schedule attack beyond one`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNetworkFile } from '../../src/main/engine/network/networks.ts';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { decode, toInput } from '../../src/main/engine/library/pixels.ts';
import { intOf, intsOf } from '../../src/main/engine/network/onnx/graph.ts';
import { Runner } from '../../src/main/engine/network/runtime.ts';
import { readColmapBinary } from '../../src/main/engine/sfm/colmap-binary.ts';
import { covisibility } from '../../src/main/engine/sfm/covisibility.ts';
import { Adam } from '../../src/main/engine/training/adam.ts';
import { OrtExecutor } from '../../src/main/engine/training/ort-executor.ts';
import { line, median, ms, REPEATS } from './report.ts';
import { attack } from './attack.ts';
import { beyond } from './beyond.ts';
import { collections } from './collections.ts';
import { curating } from './curating.ts';
import { gpu } from './gpu.ts';
import { gradients } from './gradients.ts';
import { mining } from './mining.ts';
import { large, models } from './models.ts';
import { million, retrieval } from './retrieval.ts';
import { oneQuery } from './one-query.ts';
import { schedule } from './schedule.ts';
import { shapes } from './shapes.ts';
import { studio } from './studio.ts';
import { tensorflow } from './tensorflow.ts';
import { training } from './training.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SAMPLE = join(ROOT, 'resources', 'sample');
const folder = mkdtempSync(join(tmpdir(), 'covis-bench-'));

/** Reading a model and its covisibility against COLMAP reading and writing the same model. */
async function importing(): Promise<void> {
  const shared = join(ROOT, '..', 'shared', 'data', 'scenes', 'castle_p30', 'sparse', '0');
  const at = existsSync(shared) ? shared : join(SAMPLE, 'castle', 'sparse', '0');
  const observations = readColmapBinary(at).obsPoint.length;
  const ours = await median(() => covisibility(readColmapBinary(at)));
  const rate = (s: number): string => `${Math.round(observations / s).toLocaleString('en')} observations/s`;
  const env = { ...process.env, QT_QPA_PLATFORM: 'offscreen' };
  const out = join(folder, 'converted');
  mkdirSync(out);
  const colmap = (args: string[]): number | undefined => {
    const began = performance.now();
    const r = spawnSync('colmap', args, { env, stdio: 'ignore' });
    return r.status === 0 ? (performance.now() - began) / 1000 : undefined;
  };
  const convert = ['model_converter', '--input_path', at, '--output_path', out, '--output_type', 'BIN'];
  const times = Array.from({ length: 5 }, () => colmap(convert)).filter((t) => t !== undefined);
  if (times.length === 0)
    return line('import (read, covisibility)', rate(ours), 'COLMAP: apt-get install colmap', null);
  // The start of the program is not import; --help starts it and does nothing.
  const idle = colmap(['help']) ?? 0;
  const theirs = Math.max(1e-4, times.sort((a, b) => a - b)[times.length >> 1]! - idle);
  line('import (read, covisibility)', rate(ours), `COLMAP converts ${rate(theirs)}`, theirs / ours);
}

/** One descriptor and one training step of a tuple of seven photos against PyTorch, same weights, same photos. */
async function network(): Promise<void> {
  const threads = availableParallelism();
  const { graph, spec } = readNetworkFile(join(ROOT, 'resources', 'networks', 'mobilenet-v1-025-gem.onnx'));
  const names = ['castle_01', 'castle_03', 'pagoda_01', 'factory_01', 'arch_01', 'windmill_01', 'obelisk_01'];
  const photos = await Promise.all(
    names.map((n) => decode(join(SAMPLE, n.replace(/_\d+$/, ''), 'images', `${n}.jpg`), 320)),
  );
  const inputs = photos.map((p) => toInput(p, spec.preprocess));
  const runner = await Runner.create(graph, { threads });
  const descriptor = (await runner.run({ image: inputs[0]! }))['descriptor']!;
  const extract = await median(() => runner.run({ image: inputs[0]! }), 50);
  const trainer = await OrtExecutor.create(graph, { threads });
  const adam = await Adam.create(trainer.parameters);
  let loss = 0;
  const step = await median(async () => {
    trainer.gradients.clear();
    loss = (await trainer.accumulate(inputs, { kind: 'contrastive', margin: 0.7, weight: 1 })).loss;
    adam.step(trainer.gradients.arrays, { learningRate: 1e-9, weightDecay: 0 });
  });
  const theirs = torch(graph, inputs, threads);
  if (typeof theirs === 'string') {
    line('descriptor of a photo, 320 px', ms(extract), theirs, null);
    line('training step of one tuple', ms(step), theirs, null);
    return;
  }
  const differs = Math.max(...theirs.descriptor.map((v, i) => Math.abs(v - descriptor[i]!)));
  line(
    'descriptor of a photo, 320 px',
    ms(extract),
    `PyTorch ${theirs.torch} ${ms(theirs.extract)}`,
    theirs.extract / extract,
  );
  line('training step of one tuple', ms(step), `PyTorch ${theirs.torch} ${ms(theirs.step)}`, theirs.step / step);
  console.log(
    `Same computation: descriptors differ by at most ${differs.toExponential(1)}, losses ${loss.toFixed(5)} and ${theirs.loss.toFixed(5)}`,
  );
}

interface Torch {
  readonly torch: string;
  readonly extract: number;
  readonly step: number;
  readonly loss: number;
  readonly descriptor: number[];
}

function torch(
  graph: ReturnType<typeof readNetworkFile>['graph'],
  inputs: readonly { dims: readonly number[]; data: Float32Array }[],
  threads: number,
): Torch | string {
  if (spawnSync('/usr/bin/python3', ['-c', 'import torch'], { stdio: 'ignore' }).status !== 0)
    return 'PyTorch: apt-get install python3-torch';
  const layers = graph.nodes
    .filter((n) => n.op === 'Conv')
    .map((n, i) => {
      for (const [k, kind] of [
        [1, 'weight'],
        [2, 'bias'],
      ] as const) {
        const t = graph.initializers.get(n.inputs[k]!)!;
        writeNpy(join(folder, `${kind}${i}.npy`), t.data as Float32Array, t.dims);
      }
      return {
        weight: `weight${i}`,
        bias: `bias${i}`,
        stride: intsOf(n, 'strides')?.[0] ?? 1,
        groups: intOf(n, 'group', 1),
      };
    });
  const same = inputs.every((x) => x.dims.join() === inputs[0]!.dims.join());
  if (!same) throw new Error('The photos of the benchmark must have one size');
  const images = new Float32Array(inputs.length * inputs[0]!.data.length);
  inputs.forEach((x, i) => images.set(x.data, i * x.data.length));
  writeNpy(join(folder, 'images.npy'), images, [inputs.length, ...inputs[0]!.dims.slice(1)]);
  writeFileSync(join(folder, 'spec.json'), JSON.stringify({ layers, threads }));
  const r = spawnSync('/usr/bin/python3', [join(ROOT, 'test', 'bench', 'torch_baseline.py'), folder, String(REPEATS)], {
    encoding: 'utf8',
  });
  if (r.status !== 0) return `PyTorch failed: ${r.stderr.trim().split('\n').at(-1)}`;
  return JSON.parse(r.stdout) as Torch;
}

console.log(`Ratios above 1 mean that Covis is faster. ${availableParallelism()} threads.\n`);
const PARTS = {
  importing,
  network,
  training,
  gpu,
  tensorflow: () => Promise.resolve(tensorflow()),
  gradients: () => gradients(folder),
  retrieval: () => retrieval(folder),
  schedule: () => Promise.resolve(schedule()),
  attack: () => attack(folder),
  beyond: () => Promise.resolve(beyond(folder)),
  mining: () => mining(folder),
  collections: () => collections(folder),
  curating: () => curating(folder),
  models: () => models(folder),
  shapes: () => shapes(folder),
  studio: () => studio(folder),
  million: () => million(folder),
  one: () => oneQuery(folder),
  large: () => large(folder),
} as const;
const chosen = process.argv.slice(2).filter((a): a is keyof typeof PARTS => Object.hasOwn(PARTS, a));
try {
  // A million descriptors take minutes to index; they run when asked for by name.
  for (const part of chosen.length > 0
    ? chosen
    : (['importing', 'network', 'retrieval', 'mining', 'collections', 'shapes'] as const))
    await PARTS[part]();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
