/** Extraction and a training step of ResNet50 and MobileNetV1 at 362 pixels against PyTorch on the same graph, weights and images. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { random } from '../../src/main/engine/library/random.ts';
import { IMAGE, trainableParameters } from '../../src/main/engine/network/head.ts';
import type { Graph } from '../../src/main/engine/network/onnx/graph.ts';
import { full, type StepTimes } from './step.ts';
import { line, ms } from './report.ts';

const HERE = import.meta.dirname;
const STEPS = 5;
/** Seven photos of 4:3 with a long side of 362. */
const DIMS = [7, 3, 272, 362] as const;
const MARGIN = 1.2;

export async function training(): Promise<void> {
  for (const name of ['ResNet50', 'MobileNetV1'] as const) {
    const folder = mkdtempSync(join(tmpdir(), 'covis-step-'));
    try {
      await compare(name, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

async function compare(name: 'ResNet50' | 'MobileNetV1', folder: string): Promise<void> {
  const r = random(5);
  const images = Float32Array.from({ length: DIMS.reduce<number>((a, b) => a * b, 1) }, () => 2 * r.next() - 1);
  writeNpy(join(folder, 'images.npy'), images, [...DIMS]);
  const threads = availableParallelism();
  // Each in a process of its own, so that peaks of memory are their own.
  const child = spawnSync(process.execPath, [join(HERE, 'step.ts'), name, folder, String(STEPS), String(MARGIN)], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (child.status !== 0) throw new Error(child.stderr);
  const ours = JSON.parse(child.stdout) as StepTimes;
  const counts = Array.from({ length: threads }, (_, i) => i + 1).filter(
    (n) => n === 1 || n === threads || n === threads / 2,
  );
  const runs = counts.map((n) => torch(full(name), folder, n));
  const failed = runs.find((x) => typeof x === 'string');
  if (failed !== undefined)
    return line(`training step, ${name}, 7 images, 362 px`, ms(ours.step), failed as string, null);
  const theirs = runs as TorchTimes[];
  const best = (key: 'extract' | 'step'): TorchTimes => theirs.reduce((a, b) => (a[key] <= b[key] ? a : b));
  const rate = (s: number): string => `${(1 / s).toFixed(1)} images/s`;
  const e = best('extract');
  line(
    `extraction, ${name}, 362 px`,
    rate(ours.extract),
    `PyTorch ${e.torch} ${rate(e.extract)}`,
    e.extract / ours.extract,
  );
  const s = best('step');
  line(
    `training step, ${name}, 7 images, 362 px`,
    ms(ours.step),
    `PyTorch ${s.torch} ${ms(s.step)}`,
    s.step / ours.step,
  );
  const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  console.log(
    `  losses ${ours.loss.toFixed(5)} and ${s.loss.toFixed(5)}; at most ${mib(ours.peak)} of memory and ${mib(Math.max(...theirs.map((t) => t.peak)))}`,
  );
}

interface TorchTimes {
  readonly torch: string;
  readonly extract: number;
  readonly step: number;
  readonly loss: number;
  readonly peak: number;
}

function torch(graph: Graph, folder: string, threads: number): TorchTimes | string {
  if (spawnSync('/usr/bin/python3', ['-c', 'import torch'], { stdio: 'ignore' }).status !== 0)
    return 'PyTorch: apt-get install python3-torch';
  mkdirSync(folder, { recursive: true });
  const constants = [...graph.initializers.keys()];
  constants.forEach((k, i) => {
    const t = graph.initializers.get(k)!;
    const data = t.data instanceof BigInt64Array ? Int32Array.from(t.data, Number) : (t.data as Float32Array);
    writeNpy(join(folder, `${i}.npy`), data, t.dims.length === 0 ? [1] : t.dims);
  });
  const nodes = graph.nodes.map((n) => ({
    op: n.op,
    inputs: n.inputs.map((i) => (i === IMAGE ? 'image' : i)),
    outputs: n.outputs,
    attributes: Object.fromEntries(
      Object.entries(n.attributes).map(([k, a]) => [k, a.kind === 'tensor' ? null : a.value]),
    ),
  }));
  writeFileSync(
    join(folder, 'graph.json'),
    JSON.stringify({ threads, margin: MARGIN, constants, nodes, trained: trainableParameters(graph) }),
  );
  const run = spawnSync('/usr/bin/python3', [join(HERE, 'torch_graph.py'), folder, String(STEPS)], {
    encoding: 'utf8',
  });
  if (run.status !== 0) return `PyTorch failed: ${run.stderr.trim().split('\n').at(-1)}`;
  return JSON.parse(run.stdout) as TorchTimes;
}
