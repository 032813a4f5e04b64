/**
 * `npm run bench -- gpu`: what training and describing take on every back end that answers here, against PyTorch on the same graph, weights
 * and photos, with what was launched and copied. `--networks default,ResNet50 --sizes 362,1024 --backends cpu,webgpu --steps 3 --tuples 5
 * --threads 1` choose (PyTorch's threads); without a card sizes are small. `COVIS_TORCH` names a Python that has torch.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { nvidiaCard } from '../../src/main/engine/environment/cards.ts';
import { random } from '../../src/main/engine/library/random.ts';
import { webGpuAdapter } from '../../src/main/engine/network/gpu.ts';
import type { Placements } from '../support/placements.ts';
import { MARGIN, networkOf, type ConcreteBackend, type DeviceTimes } from './gpu-one.ts';
import { torch, type TorchTimes } from './torch.ts';

const PHOTOS = 7;

interface Choice {
  readonly networks: readonly string[];
  readonly sizes: readonly number[];
  readonly backends: readonly ConcreteBackend[];
  readonly steps: number;
  readonly tuples: number;
  /** Of PyTorch. */
  readonly threads: number;
}

export async function gpu(): Promise<void> {
  const adapter = await webGpuAdapter();
  const card = nvidiaCard() !== undefined || (adapter !== undefined && !adapter.software);
  const choice = chosen(card);
  console.log(
    card
      ? `Card: ${nvidiaCard()?.name ?? adapter!.description}`
      : `No card here${adapter === undefined ? '' : `: WebGPU is ${adapter.description}, whose times say nothing, but whose counts do`}`,
  );
  console.log(
    `A step is a tuple of ${PHOTOS} photos, contrastive loss, Adam; /${choice.tuples} one of ${choice.tuples} tuples in a step. Ratios are PyTorch's time over Covis'.\n`,
  );
  console.log(
    row([
      'network, side',
      'back end',
      'describing',
      'step',
      `/${choice.tuples}`,
      'torch',
      'torch step',
      'ratios',
      'launches',
      'copies',
      'busy',
    ]),
  );
  for (const name of choice.networks) for (const size of choice.sizes) await measured(name, size, choice, card);
}

/** What the command line says, else what fits the machine. */
function chosen(card: boolean): Choice {
  const said = (flag: string): string | undefined => {
    const at = process.argv.indexOf(flag);
    return at < 0 ? undefined : process.argv[at + 1];
  };
  const list = (flag: string, otherwise: string): string[] => (said(flag) ?? otherwise).split(',');
  return {
    networks: list('--networks', 'default,MobileNetV1,ResNet50'),
    sizes: list('--sizes', card ? '362,1024' : '64,128').map(Number),
    backends: list('--backends', card ? 'cpu,webgpu,cuda,tensorflow' : 'cpu,webgpu,tensorflow') as ConcreteBackend[],
    steps: Number(said('--steps') ?? (card ? 9 : 3)),
    tuples: Number(said('--tuples') ?? 5),
    threads: Number(said('--threads') ?? availableParallelism()),
  };
}

async function measured(name: string, size: number, choice: Choice, card: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'covis-gpu-'));
  try {
    const dims = [PHOTOS, 3, Math.round(0.75 * size), size];
    const r = random(5);
    const images = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => 2 * r.next() - 1);
    writeNpy(join(folder, 'images.npy'), images, dims);
    const graph = networkOf(name);
    const options = { threads: choice.threads, margin: MARGIN, steps: choice.steps };
    const known = new Map<'cpu' | 'gpu', TorchTimes | string>();
    for (const backend of choice.backends) {
      const ours = covis(name, folder, backend, choice);
      if (typeof ours === 'string') {
        console.log(row([`${name}, ${size}`, backend, ours]));
        continue;
      }
      // On the same device, in the same run.
      const on = backend === 'cpu' || !card ? 'cpu' : 'gpu';
      const theirs = known.get(on) ?? torch(graph, folder, { ...options, on });
      known.set(on, theirs);
      console.log(row([`${name}, ${size}`, backend, ...times(ours), ...against(ours, theirs), ...counts(ours)]));
      console.log(
        `  ${ours.device}${typeof theirs === 'string' ? `; ${theirs}` : `; PyTorch ${theirs.torch}, ${theirs.device}`}`,
      );
      if (typeof theirs !== 'string' && Math.abs(theirs.loss - ours.loss) > 1e-3 * Math.max(1e-3, theirs.loss))
        console.log(`  not the same: losses ${ours.loss} and ${theirs.loss}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In a process of its own: two copies of Dawn do not live well in one, and a driver that crashes takes nothing along. */
function covis(
  name: string,
  folder: string,
  backend: ConcreteBackend,
  { steps, tuples }: Choice,
): DeviceTimes | string {
  const args = [join(import.meta.dirname, 'gpu-one.ts'), name, folder, backend, String(steps), String(tuples)];
  const child = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (child.status === 0) return JSON.parse(child.stdout.slice(child.stdout.indexOf('{'))) as DeviceTimes;
  const why = child.stderr.split('\n').find((l) => l.includes('Error'));
  return `does not answer: ${why?.trim().slice(0, 160) ?? `ended with ${child.status ?? child.signal}`}`;
}

const inMs = (s: number): string => `${(1000 * s).toFixed(s < 0.1 ? 1 : 0)} ms`;

function times({ extract, step, tuple }: DeviceTimes): string[] {
  return [inMs(extract), inMs(step), inMs(tuple)];
}

function against(ours: DeviceTimes, theirs: TorchTimes | string): string[] {
  if (typeof theirs === 'string') return ['', '', ''];
  const ratio = (a: number, b: number): string => (a / b).toFixed(2);
  const ratios = [ratio(theirs.extract, ours.extract), ratio(theirs.step, ours.step), ratio(theirs.step, ours.tuple)];
  return [inMs(theirs.extract), inMs(theirs.step), ratios.join(', ')];
}

function counts({ one, several }: DeviceTimes): string[] {
  if (one === null || several === null) return ['', '', ''];
  const of = (get: (p: Placements) => string): string => `${get(one)}, ${get(several)}`;
  return [
    of((p) => String(p.kernels > 0 ? p.kernels : p.launched)),
    of((p) => `${p.copies} (${p.copied} B)`),
    of((p) => (p.busy === null ? '?' : `${Math.round(100 * p.busy)} %`)),
  ];
}

function row(cells: readonly string[]): string {
  const widths = [18, 10, 10, 9, 9, 10, 10, 17, 12, 17, 12];
  return cells
    .map((c, i) => c.padEnd(widths[i] ?? 0))
    .join(' ')
    .trimEnd();
}
